"""From the outbox to Kafka: at least once, in order per key, with a watermark that can be trusted.

A relay publishes what is unpublished, oldest first. It never remembers a position, because a row
with a lower number may commit later. Keys are spread over shards; one relay is active per shard,
which a session's advisory lock ensures, and rows are marked on that very session: a relay that lost
its lock cannot mark anything.
"""

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from common.db import Database
from common.errors import UnavailableError
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
from common.messaging.kafka import KafkaError, Outgoing, Producer
from common.messaging.outbox import relay_store
from common.messaging.outbox.watermark import Watermark
from common.settings import KafkaSettings, RelaySettings
from common.telemetry import describe, get_logger, metrics

_log = get_logger(__name__)

LOCK_RETRY_SECONDS = 1.0
STALLED_SECONDS = 30.0
TOPIC_SECONDS = 2.0
CLOSED_SECONDS = 30.0


class Relay:
    """All shards of one service's outbox, as one component.

    ``heartbeat_topics`` get a heartbeat on partitions where nothing else carries the watermark on.
    ``held_since`` is a scalar SQL query for the time of the oldest input that is stored but not yet
    turned into events; the watermark does not pass it.
    """

    name = "relay"

    def __init__(
        self,
        database: Database,
        kafka: KafkaSettings,
        settings: RelaySettings,
        *,
        service: str,
        heartbeat_topics: Sequence[str] = (),
        held_since: str | None = None,
    ) -> None:
        self._shards = [
            _Shard(
                database,
                kafka,
                settings,
                service=service,
                shard=shard,
                heartbeat_topics=heartbeat_topics,
                held_since=held_since,
            )
            for shard in range(settings.shards)
        ]
        database.after_commit(self.wake)

    def wake(self) -> None:
        """Look now instead of at the next poll."""
        for shard in self._shards:
            shard.wake()

    async def run(self, stop: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as group:
            for shard in self._shards:
                group.create_task(shard.run(stop))

    def healthy(self) -> str | None:
        return next((reason for s in self._shards if (reason := s.healthy())), None)


class _Shard:
    def __init__(
        self,
        database: Database,
        kafka: KafkaSettings,
        settings: RelaySettings,
        *,
        service: str,
        shard: int,
        heartbeat_topics: Sequence[str],
        held_since: str | None,
    ) -> None:
        self._database = database
        self._kafka = kafka
        self._settings = settings
        self._service = service
        self._shard = shard
        self._heartbeat_topics = heartbeat_topics
        self._heartbeat_every = timedelta(seconds=settings.heartbeat_seconds)
        self._fetch = relay_store.fetch_statement(held_since)
        self._wake = asyncio.Event()
        self._stamped: dict[tuple[str, int], datetime] = {}
        self._partitions: dict[str, int] = {}
        self._closed: dict[str, float] = {}
        self._trouble: str | None = None
        self._round_at = time.monotonic()

    def wake(self) -> None:
        self._wake.set()

    def healthy(self) -> str | None:
        if self._trouble:
            return self._trouble
        if time.monotonic() - self._round_at > STALLED_SECONDS:
            return f"shard {self._shard} of the relay has stopped"
        return None

    async def run(self, stop: asyncio.Event) -> None:
        """Hold the shard and publish; after trouble with either side, begin again with both."""
        while not stop.is_set():
            try:
                async with self._database.dedicated() as connection:
                    await self._hold(connection, stop)
            except (UnavailableError, KafkaError, TimeoutError, OSError) as error:
                self._trouble = f"not publishing: {type(error).__name__}"
                _log.error("relay.interrupted", service=self._service, shard=self._shard,
                           error=describe(error))  # fmt: skip
                metrics.RELAY_FAILURES.labels(self._service, type(error).__name__).inc()
                await self._pause(LOCK_RETRY_SECONDS, stop)

    async def _hold(self, session: AsyncConnection, stop: asyncio.Event) -> None:
        while not await relay_store.try_lock(session, self._shard):
            self._round_at, self._trouble = time.monotonic(), None
            await self._pause(LOCK_RETRY_SECONDS, stop)
            if stop.is_set():
                return
        producer = Producer(self._kafka, client_id=f"{self._service}-relay-{self._shard}")
        try:
            async with asyncio.timeout(self._kafka.produce_deadline_seconds):
                await producer.start()
            self._stamped.clear()
            self._partitions.clear()
            await self._publish(session, producer, stop)
        finally:
            await producer.stop()

    async def _publish(
        self, session: AsyncConnection, producer: Producer, stop: asyncio.Event
    ) -> None:
        watermark = Watermark()
        while not stop.is_set():
            self._wake.clear()
            self._closed = {t: at for t, at in self._closed.items() if at > time.monotonic()}
            batch = await relay_store.fetch(
                session,
                self._fetch,
                shard=self._shard,
                shards=self._settings.shards,
                limit=self._settings.batch_size,
                closed=self._closed,
            )
            async with asyncio.timeout(self._kafka.produce_deadline_seconds):
                sent = await self._send(producer, batch.rows, watermark.reached)
                await relay_store.mark(session, sent)
                full = len(batch.rows) == self._settings.batch_size
                if not self._closed:
                    watermark.settle(batch, full=full)
                await self._beat(producer, watermark.reached)
            self._observe(batch, watermark)
            if not full:
                await self._pause(self._settings.poll_seconds, stop)

    async def _send(
        self, producer: Producer, rows: Sequence[relay_store.Row], reached: datetime | None
    ) -> Sequence[relay_store.Row]:
        """Publish the rows, and return those whose topic could take them."""
        records, sent = [], []
        for row in rows:
            count = await self._partition_count(producer, row.topic)
            if not count:
                continue
            sent.append(row)
            partition = row.key_hash % count
            headers = [(name, value.encode()) for name, value in row.headers.items()]
            if reached is not None:
                headers.append((WATERMARK_HEADER, rfc3339(reached).encode()))
                self._stamped[row.topic, partition] = reached
            key, value = row.key.encode(), row.payload.encode()
            records.append(Outgoing(row.topic, partition, key, value, headers))
        await producer.send_all(records)
        metrics.RELAY_PUBLISHED.labels(self._service).inc(len(records))
        return sent

    async def _beat(self, producer: Producer, reached: datetime | None) -> None:
        """Carry the watermark to those of our partitions that have heard of none so late."""
        if reached is None:
            return
        beats = []
        for topic in self._heartbeat_topics:
            count = await self._partition_count(producer, topic)
            for partition in range(self._shard, count, self._settings.shards):
                stamp = self._stamped.get((topic, partition))
                if stamp is None or reached - stamp >= self._heartbeat_every:
                    beats.append(self._heartbeat(topic, partition, reached))
                    self._stamped[topic, partition] = reached
        await producer.send_all(beats)

    def _heartbeat(self, topic: str, partition: int, reached: datetime) -> Outgoing:
        subject = f"{topic}/{partition}"
        envelope = Envelope(
            id=str(new_id()),
            source=source_of(self._service),
            type=HEARTBEAT_TYPE,
            version=1,
            tenant_id="-",
            occurred_at=reached,
            recorded_at=reached,
            sequence=0,
            subject_id=subject,
            key=subject,
        )
        stamp, about = rfc3339(reached), headers_of(envelope)
        headers = {name: about[name] for name in ("ce_id", "ce_source", "ce_type")}
        return Outgoing(
            topic,
            partition,
            subject.encode(),
            dumps(body_of(envelope, {})),
            [(n, v.encode()) for n, v in (headers | {WATERMARK_HEADER: stamp}).items()],
        )

    async def _partition_count(self, producer: Producer, topic: str) -> int:
        """Return the topic's partitions; a shard owns those whose number leaves its own remainder.

        Returns 0 while the topic is closed to us: nobody has made it, or the shards do not divide
        its partitions, so that no watermark would cover the keys of one. Its rows wait, and with
        them the watermark; those of other topics do not.
        """
        if topic not in self._partitions and topic not in self._closed:
            try:
                async with asyncio.timeout(TOPIC_SECONDS):
                    count = await producer.partitions(topic)
            except (TimeoutError, KafkaError):
                count = 0
            if count and count % self._settings.shards == 0:
                self._partitions[topic] = count
            else:
                self._closed[topic] = time.monotonic() + CLOSED_SECONDS
                _log.error("relay.topic_closed", service=self._service, topic=topic,
                           partitions=count, shards=self._settings.shards)  # fmt: skip
        return self._partitions.get(topic, 0)

    def _observe(self, batch: relay_store.Batch, watermark: Watermark) -> None:
        self._round_at = time.monotonic()
        closed = f"cannot publish to {', '.join(self._closed)}" if self._closed else None
        if watermark.trouble and self._trouble is None:
            _log.error("relay.watermark_stands", service=self._service, shard=self._shard,
                       reason=watermark.trouble)  # fmt: skip
        self._trouble = closed or watermark.trouble
        labels = self._service, str(self._shard)
        age = (batch.moment.at - batch.rows[0].written_at).total_seconds() if batch.rows else 0.0
        metrics.OUTBOX_UNPUBLISHED_AGE.labels(*labels).set(max(0.0, age))
        if watermark.reached is not None:
            metrics.RELAY_WATERMARK.labels(*labels).set(watermark.reached.timestamp())
        if batch.rows:
            _log.debug("relay.batch_published", service=self._service, rows=len(batch.rows))

    async def _pause(self, seconds: float, stop: asyncio.Event) -> None:
        """Sleep until woken; a stop wakes too."""
        if stop.is_set():
            return
        waiting = [asyncio.ensure_future(self._wake.wait()), asyncio.ensure_future(stop.wait())]
        try:
            await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for waiter in waiting:
                waiter.cancel()
