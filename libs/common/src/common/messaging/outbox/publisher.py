"""Publishes one shard of the outbox, batch by batch, while it holds the shard's lock."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import TextClause
from sqlalchemy.ext.asyncio import AsyncConnection

from common.messaging.envelope import WATERMARK_HEADER, rfc3339
from common.messaging.kafka import Outgoing, Producer
from common.messaging.outbox import relay_store
from common.messaging.outbox.heartbeats import Heartbeats
from common.messaging.outbox.topics import Topics
from common.messaging.outbox.watermark import Watermark
from common.messaging.watermarks import PromptHeartbeats
from common.settings import RelaySettings
from common.telemetry import get_logger, metrics

_log = get_logger(__name__)

BUSY_SECONDS = 1.0
"""How long a relay looks often after an event, or the announcement of one, has reached it."""


@dataclass(frozen=True, slots=True)
class Shard:
    """One shard of a service's outbox, and how it is published."""

    service: str
    number: int
    settings: RelaySettings
    statement: TextClause
    heartbeat_topics: Sequence[str]
    deadline_seconds: float
    """How long Kafka may take for one batch."""


class Publisher:
    """Publishes a shard over one database session and one producer."""

    def __init__(
        self,
        shard: Shard,
        session: AsyncConnection,
        producer: Producer,
        *,
        prompt: PromptHeartbeats,
    ) -> None:
        settings = shard.settings
        self._shard = shard
        self._session = session
        self._producer = producer
        self._watermark = Watermark()
        self._topics = Topics(producer, service=shard.service, shards=settings.shards)
        self._heartbeats = Heartbeats(
            shard.heartbeat_topics,
            producer,
            prompt,
            service=shard.service,
            shard=shard.number,
            settings=settings,
        )
        self._busy_until = 0.0
        self._trouble: str | None = None

    def healthy(self) -> str | None:
        return self._trouble

    def look_often(self) -> None:
        """Look often for a while: where one event was recorded, others follow."""
        self._busy_until = time.monotonic() + BUSY_SECONDS

    async def publish_batch(self) -> float:
        """Publish the oldest rows; return how many seconds to wait before the next batch."""
        settings = self._shard.settings
        self._topics.reopen_due()
        batch = await relay_store.fetch(
            self._session,
            self._shard.statement,
            shard=self._shard.number,
            shards=settings.shards,
            limit=settings.batch_size,
            closed=self._topics.closed,
        )
        full = len(batch.rows) == settings.batch_size
        async with asyncio.timeout(self._shard.deadline_seconds):
            published = await self._send(batch.rows)
            await relay_store.mark(self._session, published)
            if not self._topics.closed:
                self._watermark.advance(batch, full=full)
            if self._watermark.reached is not None:
                await self._heartbeats.send(self._watermark.reached, self._topics)
        self._observe(batch)
        if batch.rows:
            self.look_often()
        return 0.0 if full else self._pause()

    def _pause(self) -> float:
        """Return how long to wait: briefly while events, or somebody for the watermark, may."""
        settings = self._shard.settings
        busy = time.monotonic() < self._busy_until
        if busy or self._watermark.is_waiting or self._heartbeats.prompt():
            return settings.poll_seconds
        return settings.idle_poll_seconds

    async def _send(self, rows: Sequence[relay_store.Row]) -> Sequence[relay_store.Row]:
        """Publish the rows, and return those whose topic is open."""
        watermark = self._watermark.reached
        records, sent = [], []
        for row in rows:
            count = await self._topics.partitions(row.topic)
            if count:
                sent.append(row)
                records.append(self._record(row, row.key_hash % count, watermark))
        await self._producer.send_all(records)
        metrics.RELAY_PUBLISHED.labels(self._shard.service).inc(len(records))
        return sent

    def _record(self, row: relay_store.Row, partition: int, watermark: datetime | None) -> Outgoing:
        headers = [(name, value.encode()) for name, value in row.headers.items()]
        if watermark is not None:
            headers.append((WATERMARK_HEADER, rfc3339(watermark).encode()))
            self._heartbeats.note(row.topic, partition, watermark)
        return Outgoing(row.topic, partition, row.key.encode(), row.payload.encode(), headers)

    def _observe(self, batch: relay_store.Batch) -> None:
        service, number = self._shard.service, self._shard.number
        if self._watermark.trouble and self._trouble is None:
            _log.error("relay.watermark_stands", service=service, shard=number,
                       reason=self._watermark.trouble)  # fmt: skip
        closed = self._topics.closed
        cannot = f"cannot publish to {', '.join(closed)}" if closed else None
        self._trouble = cannot or self._watermark.trouble
        labels = service, str(number)
        metrics.OUTBOX_UNPUBLISHED_AGE.labels(*labels).set(batch.oldest_age_seconds)
        if self._watermark.reached is not None:
            metrics.RELAY_WATERMARK.labels(*labels).set(self._watermark.reached.timestamp())
        if batch.rows:
            _log.debug("relay.batch_published", service=service, rows=len(batch.rows))
