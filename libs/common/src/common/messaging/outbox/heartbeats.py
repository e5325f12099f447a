"""Heartbeats carry a shard's watermark to consumers when no event does."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from common.messaging.kafka import Producer
from common.messaging.outbox.topics import Topics
from common.messaging.watermarks import Heartbeat, PromptHeartbeats, heartbeat_topic
from common.settings import RelaySettings

_NEARLY = 0.9
"""A heartbeat goes out a little before its time rather than a whole round after it."""


class Heartbeats:
    """Knows the watermark last sent for each partition of one shard, and when it is due again.

    A shard owns the partitions whose number leaves its own remainder when divided by ``shards``.
    """

    def __init__(
        self,
        topics: Sequence[str],
        producer: Producer,
        prompt: PromptHeartbeats,
        *,
        service: str,
        shard: int,
        settings: RelaySettings,
    ) -> None:
        self._topics = topics
        self._producer = producer
        self._prompt = prompt
        self._service = service
        self._shard = shard
        self._settings = settings
        self._own_topic = Topics(producer, service=service, shards=1)
        self._sent: dict[tuple[str, int], datetime] = {}

    def prompt(self) -> bool:
        """Return whether somebody waits for the watermark of one of the topics."""
        return any(map(self._prompt.wanted, self._topics))

    def note(self, topic: str, partition: int, watermark: datetime) -> None:
        """Note that an event carries ``watermark`` to the partition."""
        self._sent[topic, partition] = watermark

    async def send(self, watermark: datetime, open_topics: Topics) -> None:
        """Send a heartbeat for each partition to which no watermark as late as this was sent.

        Call it once all events that the watermark covers are acknowledged: the end of a partition,
        asked from the broker now, is then past all of them.
        """
        self._own_topic.reopen_due()
        due = {t: p for t in self._topics if (p := await self._due(t, watermark, open_topics))}
        if due and await self._own_topic.partitions(heartbeat_topic(self._service)):
            beats = [
                Heartbeat(topic, partition, end, watermark)
                for topic, partitions in due.items()
                for partition, end in (await self._producer.end_offsets(topic, partitions)).items()
            ]
            await self._producer.send_all([b.outgoing(service=self._service) for b in beats])
            self._sent |= {(beat.topic, beat.partition): watermark for beat in beats}

    async def _due(self, topic: str, watermark: datetime, open_topics: Topics) -> Sequence[int]:
        """Return the shard's partitions without a watermark, or with one an interval older.

        While somebody waits for the topic's watermark, the interval is short.
        """
        settings, prompt = self._settings, self._prompt.wanted(topic)
        every = settings.prompt_heartbeat_seconds if prompt else settings.heartbeat_seconds
        older = watermark - timedelta(seconds=every * _NEARLY)
        partitions = range(self._shard, await open_topics.partitions(topic), settings.shards)
        return [n for n in partitions if self._sent.get((topic, n), older) <= older]
