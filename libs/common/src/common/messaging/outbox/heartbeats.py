"""Heartbeats carry a shard's watermark to the partitions where no event does."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from common.ids import new_id
from common.jsons import dumps
from common.messaging.envelope import (
    HEARTBEAT_TYPE,
    WATERMARK_HEADER,
    Envelope,
    body_of,
    headers_of,
    rfc3339,
    source_of,
)
from common.messaging.kafka import Outgoing
from common.messaging.outbox.topics import Topics


class Heartbeats:
    """Knows the watermark last sent to each partition of one shard, and when it is due again.

    A shard owns the partitions whose number leaves its own remainder when divided by ``shards``.
    """

    def __init__(
        self, topics: Sequence[str], *, service: str, shard: int, shards: int, every: timedelta
    ) -> None:
        self._topics = topics
        self._service = service
        self._shard = shard
        self._shards = shards
        self._every = every
        self._sent: dict[tuple[str, int], datetime] = {}

    def note(self, topic: str, partition: int, watermark: datetime) -> None:
        """Note that an event carries ``watermark`` to the partition."""
        self._sent[topic, partition] = watermark

    async def due(self, watermark: datetime, open_topics: Topics) -> list[Outgoing]:
        """Return a heartbeat for each partition that was sent no watermark as late as this one."""
        beats = []
        for topic in self._topics:
            count = await open_topics.partitions(topic)
            for partition in range(self._shard, count, self._shards):
                sent = self._sent.get((topic, partition))
                if sent is None or watermark - sent >= self._every:
                    beats.append(self._heartbeat(topic, partition, watermark))
                    self._sent[topic, partition] = watermark
        return beats

    def _heartbeat(self, topic: str, partition: int, watermark: datetime) -> Outgoing:
        subject = f"{topic}/{partition}"
        envelope = Envelope(
            id=str(new_id()),
            source=source_of(self._service),
            type=HEARTBEAT_TYPE,
            version=1,
            tenant_id="-",
            occurred_at=watermark,
            recorded_at=watermark,
            sequence=0,
            subject_id=subject,
            key=subject,
        )
        headers = headers_of(envelope)
        sent = {name: headers[name] for name in ("ce_id", "ce_source", "ce_type")}
        sent[WATERMARK_HEADER] = rfc3339(watermark)
        return Outgoing(
            topic,
            partition,
            subject.encode(),
            dumps(body_of(envelope, {})),
            [(name, value.encode()) for name, value in sent.items()],
        )
