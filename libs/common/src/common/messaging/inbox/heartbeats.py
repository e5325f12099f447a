"""Reads the heartbeats of a stream's source, and stores those that its consumer has reached."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager

from common.db import Database
from common.errors import UnavailableError
from common.messaging.envelope import Record, service_of
from common.messaging.inbox import claims
from common.messaging.inbox.dispatch import Stream
from common.messaging.inbox.partition import BACKOFF
from common.messaging.kafka import KafkaError, TopicReader
from common.messaging.watermarks import Heartbeat, PendingHeartbeats, heartbeat_topic
from common.runtime import Loop, Round
from common.settings import KafkaSettings
from common.telemetry import describe, get_logger, metrics

_log = get_logger(__name__)

OnProgress = Callable[[Sequence[int]], None]


class HeartbeatReader:
    """Stores the watermarks of a stream's partitions where no event carries them.

    ``positions`` returns the next offset of each partition that this process has; another process
    stores the watermarks of the others. ``on_progress`` is called with partitions whose watermark
    has moved.
    """

    def __init__(
        self,
        database: Database,
        kafka: KafkaSettings,
        stream: Stream,
        *,
        positions: Callable[[], Mapping[int, int]],
        on_progress: OnProgress | None,
    ) -> None:
        self._database = database
        self._kafka = kafka
        self._stream = stream
        self._positions = positions
        self._on_progress = on_progress
        self._pending = PendingHeartbeats()
        self._loop = Loop(
            f"heartbeats:{stream.consumer}",
            self._session,
            retry=BACKOFF,
            survives=(KafkaError, OSError),
            on_failure=self._interrupted,
        )

    def healthy(self) -> str | None:
        return self._loop.healthy()

    async def run(self, stop: asyncio.Event) -> None:
        await self._loop.run(stop)

    async def store_reached(self) -> None:
        """Store the watermarks of heartbeats that speak up to where their partitions stand.

        While the database is away, they wait for the next call.
        """
        reached = self._pending.take(self._positions())
        if not reached:
            return
        consumer = self._stream.consumer
        try:
            raised = await self._database.execute_once(claims.raise_watermarks, consumer, reached)
        except UnavailableError:
            self._pending.put_back(reached)
            return
        for partition, watermark in raised.items():
            metrics.CONSUMER_WATERMARK.labels(consumer, partition).set(watermark.timestamp())
        if raised and self._on_progress:
            self._on_progress(list(raised))

    def _session(self) -> AbstractAsyncContextManager[Round]:
        topic = heartbeat_topic(service_of(self._stream.source or ""))
        reader = TopicReader(self._kafka, topic, client_id=f"{self._stream.consumer}.heartbeats")
        return reader.session(self._take)

    async def _take(self, records: Sequence[Record]) -> None:
        for record in records:
            heartbeat = Heartbeat.read(record)
            if heartbeat is not None and heartbeat.topic == self._stream.topic:
                self._pending.note(heartbeat)
        await self.store_reached()

    def _interrupted(self, error: Exception) -> str:
        _log.error("consumer.heartbeats_unread", stream=self._stream.consumer,
                   error=describe(error))  # fmt: skip
        metrics.CONSUMER_FAILURES.labels(self._stream.consumer, "heartbeats").inc()
        return f"not reading heartbeats: {type(error).__name__}"
