"""The consuming loop: poll, apply per partition, move on only after the commit.

Positions come from the database at every assignment. A partition whose position is not confirmed
is not processed; one that fails is paused with a growing back-off while the others go on.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext

from common.db import Clock, Database, Transaction
from common.errors import UnavailableError
from common.messaging.envelope import HEARTBEAT_TYPE, Record
from common.messaging.inbox import claims
from common.messaging.inbox.batches import BatchHandler
from common.messaging.inbox.dispatch import Stream
from common.messaging.kafka import GroupReader, KafkaError, OffsetsLostError
from common.runtime import Backoff
from common.settings import KafkaSettings
from common.telemetry import describe, get_logger, metrics

_log = get_logger(__name__)

POLL_SECONDS = 0.2
REPORT_SECONDS = 5.0
MAX_BACKOFF_SECONDS = 30.0
BACKOFF = Backoff(0.1, most_seconds=MAX_BACKOFF_SECONDS, jitter=0.5)

OnProgress = Callable[[Sequence[int]], None]


class Consumer:
    """One member of one stream's group. ``on_progress`` hears which partitions have moved."""

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
        self._reader: GroupReader | None = None
        self._positions: dict[int, int] = {}
        self._failures: dict[int, int] = {}
        self._resume_at: dict[int, float] = {}
        self._alive_at = time.monotonic()
        self._moved_at = time.monotonic()
        self._heard_at = time.monotonic()
        self._rejoining_since: float | None = None
        self._trouble: str | None = "not started"

    def healthy(self) -> str | None:
        if self._trouble:
            return self._trouble
        if time.monotonic() - self._alive_at > self._stalled_seconds:
            return "the consuming loop has stopped"
        return self._stalled()

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until ``stop``; a broker that is away is waited for, for as long as it takes."""
        failures = 0
        while not stop.is_set():
            began = time.monotonic()
            try:
                await self._consume(stop)
            except (KafkaError, OffsetsLostError, UnavailableError, OSError) as error:
                lasted = time.monotonic() - began
                failures = 1 if lasted > 2 * MAX_BACKOFF_SECONDS else failures + 1
                self._trouble = f"not consuming: {type(error).__name__}"
                lost = isinstance(error, OffsetsLostError)
                _log.error("consumer.interrupted", stream=self._stream.consumer,
                           error=describe(error), offsets_lost=lost)  # fmt: skip
                metrics.CONSUMER_FAILURES.labels(self._stream.consumer, "client").inc()
                await _sleep(BACKOFF.seconds(failures), stop)

    async def _consume(self, stop: asyncio.Event) -> None:
        reader = GroupReader(
            self._kafka,
            group=self._stream.consumer,
            topic=self._stream.topic,
            on_assigned=self._assigned,
            on_revoked=self._revoked,
        )
        self._positions.clear()
        self._rejoining_since = None
        self._reader = reader
        try:
            await reader.start()
            self._trouble, self._moved_at = None, time.monotonic()
            self._heard_at = time.monotonic()
            await self._poll(reader, stop)
        finally:
            self._reader = None
            try:
                await reader.report(self._positions)
            finally:
                await reader.stop()

    async def _poll(self, reader: GroupReader, stop: asyncio.Event) -> None:
        """Keep a worker on each partition with a confirmed position; each goes at its own pace."""
        reported_at = time.monotonic()
        workers: dict[int, asyncio.Task[None]] = {}
        ending = asyncio.Event()
        try:
            while not stop.is_set():
                self._alive_at = time.monotonic()
                if reason := self._stalled():
                    raise KafkaError(reason)
                self._resume_due(reader)
                await self._confirm_positions(reader, busy=set(workers))
                for partition in self._positions.keys() - workers.keys():
                    work = self._work(reader, partition, ending)
                    workers[partition] = asyncio.create_task(work)
                await self._watch(reader, workers)
                self._observe(reader)
                if time.monotonic() - reported_at > REPORT_SECONDS:
                    await reader.report(self._positions)
                    if await reader.look_ahead():
                        self._heard_at = time.monotonic()
                    reported_at = time.monotonic()
        except asyncio.CancelledError:
            for worker in workers.values():
                worker.cancel()
            raise
        finally:
            ending.set()
            await asyncio.gather(*workers.values(), return_exceptions=True)

    async def _work(self, reader: GroupReader, partition: int, ending: asyncio.Event) -> None:
        """Apply a partition's records batch by batch, while its position is confirmed."""
        while partition in self._positions and not ending.is_set():
            polled = await reader.poll(POLL_SECONDS, partition)
            for records in polled.values():
                await self._process(reader, partition, records)

    async def _watch(self, reader: GroupReader, workers: dict[int, asyncio.Task[None]]) -> None:
        """Wait a moment, take off the workers that have ended, and raise what ended one."""
        if not workers:
            await reader.poll(POLL_SECONDS)  # nothing of it counts yet; but it tells of trouble
            return
        await asyncio.wait(
            workers.values(), timeout=POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        for partition in [p for p, worker in workers.items() if worker.done()]:
            workers.pop(partition).result()

    async def _process(
        self, reader: GroupReader, partition: int, records: Sequence[Record]
    ) -> None:
        async with self._turn(records):
            expected = self._positions.get(partition)
            due = [r for r in records if expected is not None and r.offset >= expected]
            if expected is None or not due:
                return
            began = time.perf_counter()
            try:
                moved = await self._handler.handle(expected, due)
            except claims.FencedError:
                self._positions.pop(partition, None)
                metrics.CONSUMER_FAILURES.labels(self._stream.consumer, "fenced").inc()
                return
            except UnavailableError:
                self._put_back(reader, partition)
                return
            metrics.CONSUMER_BATCH_SECONDS.labels(self._stream.consumer).observe(
                time.perf_counter() - began
            )
            if partition in self._positions:
                self._positions[partition] = moved
            self._failures.pop(partition, None)
            self._moved_at = time.monotonic()
            if self._on_progress:
                self._on_progress([partition])

    def _turn(self, records: Sequence[Record]) -> AbstractAsyncContextManager[None]:
        """Let few partitions be worked on at once; heartbeats are no work, and go together."""
        idle = all(r.header("ce_type") == HEARTBEAT_TYPE for r in records)
        return nullcontext() if idle else self._slots

    def _put_back(self, reader: GroupReader, partition: int) -> None:
        """Let a partition wait before its batch is read again, from where the database stands."""
        failures = self._failures[partition] = self._failures.get(partition, 0) + 1
        self._resume_at[partition] = time.monotonic() + BACKOFF.seconds(failures)
        # Part of the batch may be committed already, so the position must be asked for again.
        self._positions.pop(partition, None)
        if partition in reader.assigned():
            reader.pause(partition)
        metrics.CONSUMER_FAILURES.labels(self._stream.consumer, "unavailable").inc()

    def _resume_due(self, reader: GroupReader) -> None:
        for partition, due in list(self._resume_at.items()):
            if time.monotonic() >= due:
                del self._resume_at[partition]
                if partition in reader.assigned():
                    reader.resume(partition)

    async def _confirm_positions(self, reader: GroupReader, *, busy: set[int]) -> None:
        """Seek the assigned partitions without a confirmed position, save those backing off.

        One whose worker still has a batch in hand waits for it: its position is not settled yet.
        """
        missing = reader.assigned() - set(self._positions) - set(self._resume_at) - busy
        if missing:
            await self._seek(reader, missing)

    async def _seek(self, reader: GroupReader, partitions: set[int]) -> None:
        firsts = await reader.first_offsets(partitions)
        found = await self._database.run(_positions, self._stream, firsts)
        for partition in reader.assigned() & set(found):
            reader.seek(partition, found[partition])
            self._positions[partition] = found[partition]

    async def _assigned(self, partitions: set[int]) -> None:
        """Note the assignment; the loop seeks, where the client cannot swallow a failure."""
        self._rejoining_since = None
        for partition in partitions:
            self._positions.pop(partition, None)
        _log.info("consumer.assigned", stream=self._stream.consumer, partitions=sorted(partitions))

    async def _revoked(self, partitions: set[int]) -> None:
        """Forget the partitions. A batch in hand may still commit, and fences the next owner."""
        self._rejoining_since = time.monotonic()
        for partition in partitions:
            for known in (self._positions, self._failures, self._resume_at):
                known.pop(partition, None)

    def _stalled(self) -> str | None:
        """Say what the client is stuck in: it has no signal of its own for any of it."""
        now = time.monotonic()
        if now - self._heard_at > self._stalled_seconds:
            return "the broker does not answer"
        if self._rejoining_since and now - self._rejoining_since > self._stalled_seconds:
            return "the group does not let this member in again"
        waiting = any(self._lags().values()) and not self._resume_at
        if not waiting:
            self._moved_at = now  # an idle hour must not count against the record that ends it
        elif now - self._moved_at > self._stalled_seconds:
            return "there are records to read but nothing moves"
        return None

    def _lags(self) -> Mapping[int, int]:
        if self._reader is None:
            return {}
        lags = {p: self._reader.lag(p, o) for p, o in self._positions.items()}
        return {p: lag for p, lag in lags.items() if lag is not None}

    def _observe(self, reader: GroupReader) -> None:
        if reader is self._reader:
            for partition, lag in self._lags().items():
                metrics.CONSUMER_LAG.labels(self._stream.consumer, partition).set(lag)


async def _positions(tx: Transaction, stream: Stream, firsts: Mapping[int, int]) -> dict[int, int]:
    return await claims.positions(tx, stream.consumer, stream.topic, firsts)


async def _sleep(seconds: float, stop: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
