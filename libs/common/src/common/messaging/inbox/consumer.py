"""The consuming component: joins a stream's group and applies its events, again after trouble."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from common.db import Clock, Database
from common.errors import UnavailableError
from common.messaging.inbox.batches import BatchHandler
from common.messaging.inbox.dispatch import Stream
from common.messaging.inbox.heartbeats import HeartbeatReader, OnProgress
from common.messaging.inbox.member import Member
from common.messaging.inbox.partition import BACKOFF, MAX_BACKOFF_SECONDS
from common.messaging.kafka import KafkaError, OffsetsLostError
from common.runtime import Loop, Round
from common.settings import KafkaSettings
from common.telemetry import describe, get_logger, metrics

_log = get_logger(__name__)


class Consumer:
    """Consumes one stream, as one member of its group after another.

    ``on_progress`` is called with the partitions whose position or watermark has moved.
    ``parallel`` partitions are worked on at once.
    """

    def __init__(
        self,
        database: Database,
        kafka: KafkaSettings,
        stream: Stream,
        *,
        clock: Clock,
        on_progress: OnProgress | None = None,
        parallel: int = 3,
        stalled_seconds: float = 60.0,
    ) -> None:
        self.name = f"consumer:{stream.consumer}"
        self._database = database
        self._kafka = kafka
        self._stream = stream
        self._handler = BatchHandler(database, stream, clock)
        self._on_progress = on_progress
        self._slots = asyncio.Semaphore(parallel)
        self._stalled_seconds = stalled_seconds
        self._member: Member | None = None
        self._heartbeats = (
            HeartbeatReader(
                database, kafka, stream, positions=self._positions, on_progress=on_progress
            )
            if stream.source is not None
            else None
        )
        self._loop = Loop(
            self.name,
            self._membership,
            retry=BACKOFF,
            survives=(KafkaError, OffsetsLostError, UnavailableError, OSError),
            on_failure=self._interrupted,
            steady_seconds=2 * MAX_BACKOFF_SECONDS,
            stalled_seconds=stalled_seconds,
            stalled="the consuming loop has stopped",
        )

    def healthy(self) -> str | None:
        if self._member is None:
            return self._loop.healthy() or "not started"
        beats = self._heartbeats.healthy() if self._heartbeats else None
        return self._loop.healthy() or self._member.stalled() or beats

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until ``stop``; while the broker is away, keep trying."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._loop.run(stop))
            if self._heartbeats is not None:
                group.create_task(self._heartbeats.run(stop))

    def _positions(self) -> Mapping[int, int]:
        return self._member.positions() if self._member else {}

    async def _applied(self, partition: int) -> None:
        """Tell of progress, and store the watermark that waited for it."""
        if self._on_progress:
            self._on_progress([partition])
        if self._heartbeats is not None:
            await self._heartbeats.store_reached()

    @asynccontextmanager
    async def _membership(self) -> AsyncIterator[Round]:
        member = Member(
            self._database,
            self._kafka,
            self._stream,
            self._handler,
            slots=self._slots,
            on_applied=self._applied,
            wake=self._loop.wake,
            stalled_seconds=self._stalled_seconds,
        )
        cancelled = False
        try:
            await member.join()
            self._member = member
            yield member.watch
        except asyncio.CancelledError:
            cancelled = True
            raise
        finally:
            self._member = None
            await member.leave(at_once=cancelled)

    def _interrupted(self, error: Exception) -> str:
        lost = isinstance(error, OffsetsLostError)
        _log.error("consumer.interrupted", stream=self._stream.consumer,
                   error=describe(error), offsets_lost=lost)  # fmt: skip
        metrics.CONSUMER_FAILURES.labels(self._stream.consumer, "client").inc()
        return f"not consuming: {type(error).__name__}"
