"""One membership in a stream's consumer group, from joining to leaving.

Positions come from the database at every assignment. A partition whose position is not confirmed
is not processed; one that fails is paused with a growing back-off while the others go on.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from common.db import Database
from common.errors import UnavailableError
from common.messaging.envelope import Record
from common.messaging.inbox import claims
from common.messaging.inbox.batches import BatchHandler
from common.messaging.inbox.dispatch import Stream
from common.messaging.inbox.partition import Partition
from common.messaging.inbox.stalls import Stalls
from common.messaging.kafka import GroupReader, KafkaError
from common.settings import KafkaSettings
from common.telemetry import get_logger, metrics

_log = get_logger(__name__)

POLL_SECONDS = 1.0
UNASSIGNED_SECONDS = 0.2
ROUND_SECONDS = 1.0
"""How long a round waits for a change. Each change of its own doing wakes the member."""
REPORT_SECONDS = 5.0


class Member:
    """Keeps a worker on each partition with a confirmed position; each goes at its own pace.

    ``slots`` limits how many partitions are worked on at once. ``on_applied`` is awaited with
    a partition that has moved, and ``wake`` called when the next round should not wait.
    """

    def __init__(
        self,
        database: Database,
        kafka: KafkaSettings,
        stream: Stream,
        handler: BatchHandler,
        *,
        slots: asyncio.Semaphore,
        on_applied: Callable[[int], Awaitable[None]],
        wake: Callable[[], None],
        stalled_seconds: float,
    ) -> None:
        self._database = database
        self._stream = stream
        self._handler = handler
        self._slots = slots
        self._most = kafka.max_poll_records
        self._on_applied = on_applied
        self._stalls = Stalls(stalled_seconds)
        self._partitions: dict[int, Partition] = {}
        self._workers: dict[int, asyncio.Task[None]] = {}
        self._polling: set[int] = set()
        self._wake = wake
        self._leaving = asyncio.Event()
        self._reported_at = time.monotonic()
        self._reader = GroupReader(
            kafka,
            group=stream.consumer,
            topic=stream.topic,
            on_assigned=self._assigned,
            on_revoked=self._revoked,
        )

    def stalled(self) -> str | None:
        """Return what the client is stuck in, or None."""
        backing_off = any(p.resume_at is not None for p in self._partitions.values())
        return self._stalls.reason(waiting=any(self._lags().values()) and not backing_off)

    async def join(self) -> None:
        await self._reader.start()
        self._stalls.started()
        self._reported_at = time.monotonic()

    async def leave(self, *, at_once: bool = False) -> None:
        """Let the workers finish their batches, or cancel them if ``at_once``; then leave."""
        self._leaving.set()
        self._cancel(self._workers.keys() if at_once else self._polling)
        await asyncio.gather(*self._workers.values(), return_exceptions=True)
        try:
            await self._reader.report(self.positions())
        finally:
            await self._reader.stop()

    async def watch(self) -> float:
        """Do one round: confirm positions, start workers, and raise what has ended one.

        Returns for how many seconds the next round may wait, unless ``wake`` is called. Raises
        KafkaError when the client is stuck.
        """
        if reason := self.stalled():
            raise KafkaError(reason)
        self._drop_ended_workers()
        self._resume_due()
        await self._confirm_positions()
        for number, partition in self._partitions.items():
            if partition.position is not None and number not in self._workers:
                self._start_worker(partition)
        if not self._workers:
            # No record counts yet, but polling reveals trouble.
            await self._reader.poll(UNASSIGNED_SECONDS)
        for number, lag in self._lags().items():
            metrics.CONSUMER_LAG.labels(self._stream.consumer, number).set(lag)
        if time.monotonic() - self._reported_at > REPORT_SECONDS:
            await self._report()
        return self._longest_round() if self._workers else 0.0

    def _start_worker(self, partition: Partition) -> None:
        worker = asyncio.create_task(self._work(partition))
        worker.add_done_callback(lambda _: self._wake())
        self._workers[partition.number] = worker

    async def _work(self, partition: Partition) -> None:
        """Apply a partition's records batch by batch, while its position is confirmed."""
        while partition.position is not None and not self._leaving.is_set():
            self._polling.add(partition.number)
            try:
                polled = await self._reader.poll(POLL_SECONDS, partition.number, most=partition.lot)
            finally:
                self._polling.discard(partition.number)
            for records in polled.values():
                await self._process(partition, records)

    def _drop_ended_workers(self) -> None:
        """Forget the workers that have ended, and raise what ended one."""
        for number in [n for n, worker in self._workers.items() if worker.done()]:
            worker = self._workers.pop(number)
            if not worker.cancelled():
                worker.result()

    def _longest_round(self) -> float:
        """Return the seconds until a partition ends its wait after a failure, at most a round's."""
        ends = [p.resume_at for p in self._partitions.values() if p.resume_at is not None]
        return max(0.0, min([ROUND_SECONDS, *(end - time.monotonic() for end in ends)]))

    def _cancel(self, numbers: Iterable[int]) -> None:
        for number in list(numbers):
            self._workers[number].cancel()

    async def _report(self) -> None:
        await self._reader.report(self.positions())
        if await self._reader.look_ahead():
            self._stalls.answered()
        self._reported_at = time.monotonic()

    async def _process(self, partition: Partition, records: Sequence[Record]) -> None:
        async with self._slots:
            position = partition.position
            due = [r for r in records if position is not None and r.offset >= position]
            if position is None or not due:
                return
            began = time.perf_counter()
            try:
                reached = await self._handler.handle(position, due)
            except claims.FencedError:
                partition.position = None
                metrics.CONSUMER_FAILURES.labels(self._stream.consumer, "fenced").inc()
                return
            except UnavailableError:
                self._put_back(partition)
                return
            seconds = time.perf_counter() - began
            metrics.CONSUMER_BATCH_SECONDS.labels(self._stream.consumer).observe(seconds)
            partition.advance(reached)
            partition.size_lot(len(due), seconds)
            self._stalls.moved()
            await self._on_applied(partition.number)

    def _put_back(self, partition: Partition) -> None:
        """Pause a partition; its batch is read again later, from where the database stands."""
        partition.back_off()
        if partition.number in self._reader.assigned():
            self._reader.pause(partition.number)
        metrics.CONSUMER_FAILURES.labels(self._stream.consumer, "unavailable").inc()

    def _resume_due(self) -> None:
        for partition in self._partitions.values():
            if partition.end_wait() and partition.number in self._reader.assigned():
                self._reader.resume(partition.number)

    async def _confirm_positions(self) -> None:
        """Seek the assigned partitions without a confirmed position, except those backing off.

        A partition whose worker is still applying a batch comes later: that batch moves it.
        """
        idle = self._reader.assigned() - self._workers.keys()
        missing = {number for number in idle if self._partition(number).unconfirmed}
        if not missing:
            return
        firsts = await self._reader.first_offsets(missing)
        consumer, topic = self._stream.consumer, self._stream.topic
        positions = await self._database.run(claims.ensure_positions, consumer, topic, firsts)
        for number in self._reader.assigned() & positions.keys():
            self._reader.seek(number, positions[number])
            self._partition(number).position = positions[number]

    async def _assigned(self, numbers: set[int]) -> None:
        """Note the assignment; the loop seeks, where the client cannot swallow a failure."""
        self._stalls.assigned()
        for number in numbers:
            self._partition(number).position = None
        self._wake()
        _log.info("consumer.assigned", stream=self._stream.consumer, partitions=sorted(numbers))

    async def _revoked(self, numbers: set[int]) -> None:
        """Forget the partitions. A batch under way may still commit, and fences the next owner."""
        self._stalls.revoked()
        for number in numbers:
            if (partition := self._partitions.pop(number, None)) is not None:
                partition.position = None
        self._cancel(self._polling & numbers)

    def _partition(self, number: int) -> Partition:
        return self._partitions.setdefault(number, Partition(number, self._most))

    def positions(self) -> dict[int, int]:
        """Return the next offset of each partition whose position is confirmed."""
        partitions = self._partitions.values()
        return {p.number: p.position for p in partitions if p.position is not None}

    def _lags(self) -> Mapping[int, int]:
        lags = {n: self._reader.lag(n, position) for n, position in self.positions().items()}
        return {number: lag for number, lag in lags.items() if lag is not None}
