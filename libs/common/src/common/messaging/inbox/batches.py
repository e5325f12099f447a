"""One partition's batch, from polled records to a committed transaction.

The batch is tried as a whole. If it contains poison, it is halved until the poison is isolated, so
one bad event among five hundred costs some twenty small transactions, not five hundred.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from opentelemetry.trace import SpanKind

from common.db import Clock, Database, Transaction, sqlstate
from common.errors import ServiceError, UnavailableError
from common.messaging.envelope import Received, Record, UndecodableError
from common.messaging.inbox import claims, dead_letters
from common.messaging.inbox.dispatch import Applied, DeadLettered, Ignored, Outcome, Stream
from common.telemetry import describe, get_logger, metrics, span

_log = get_logger(__name__)

WRONG_SCHEMA = "42"
"""The SQLSTATE class of a missing table, column or right: a deployment to be fixed. Every event
would fail alike, so the stream waits instead of dead-lettering all of them."""

_ATTEMPTS = 3
"""How often an event that reveals a bug is tried alone before it is dead-lettered."""
_TRACES_IN_A_LOG_LINE = 20


@dataclass(frozen=True, slots=True)
class _Read:
    """A record, and what decoding it gave."""

    record: Record
    result: Received | Ignored | DeadLettered


class BatchHandler:
    """Applies a stream's records to a service's database, and advances its position."""

    def __init__(self, database: Database, stream: Stream, clock: Clock) -> None:
        self._database = database
        self._stream = stream
        self._clock = clock

    async def handle(self, expected: int, records: Sequence[Record]) -> int:
        """Apply ``records`` of one partition, which stands at ``expected``; return its new offset.

        Raises UnavailableError when the batch should be tried again later, and FencedError when
        another process owns the partition now. The part that failed has no effect then.
        """
        reads = [self._read(record) for record in records]
        return await self._handle(expected, reads)

    async def _handle(self, expected: int, reads: Sequence[_Read]) -> int:
        step = self._step(expected, reads)
        try:
            await self._apply(reads, step)
        except (UnavailableError, claims.FencedError):
            raise
        except Exception as error:
            if (sqlstate(error) or "").startswith(WRONG_SCHEMA):
                _log.error("consumer.schema_unfit", stream=self._stream.consumer, exc_info=error)
                raise UnavailableError("the database is not what this version expects") from error
            if len(reads) == 1:
                await self._isolate(reads[0], step, error)
            else:
                middle = len(reads) // 2
                between = await self._handle(expected, reads[:middle])
                return await self._handle(between, reads[middle:])
        if step.watermark is not None:
            reached = metrics.CONSUMER_WATERMARK.labels(self._stream.consumer, step.partition)
            reached.set(min(step.watermark, self._clock.now()).timestamp())
        return step.next_offset

    async def _apply(self, reads: Sequence[_Read], step: claims.Progress) -> None:
        events: Sequence[Received] = [r.result for r in reads if isinstance(r.result, Received)]
        if events and self._stream.prepare is not None:
            events = await self._stream.prepare(events)
        outcomes: list[Outcome] = [r.result for r in reads if isinstance(r.result, Ignored)]
        if len(outcomes) == len(reads):
            # Nothing has an effect: one statement, and no news for those who wait for commits.
            await self._database.execute_once(claims.move, step)
        elif not events:
            outcomes = await self._database.run(self.apply_batch, reads, events, step)
        else:
            traces = list(dict.fromkeys(e.envelope.traceparent or "" for e in events))
            parent = traces[0] if len({t[:35] for t in traces}) == 1 else None
            name = f"process {self._stream.topic}"
            links = None if parent else traces[:_TRACES_IN_A_LOG_LINE]
            with span(name, kind=SpanKind.CONSUMER, parent=parent, links=links):
                outcomes = await self._database.run(self.apply_batch, reads, events, step)
                self._log_batch(outcomes, traces)
        self._count(outcomes)

    async def apply_batch(
        self,
        tx: Transaction,
        reads: Sequence[_Read],
        events: Sequence[Received],
        step: claims.Progress,
    ) -> list[Outcome]:
        now = self._clock.now()
        outcomes: list[Outcome] = [r.result for r in reads if not isinstance(r.result, Received)]
        if events:
            fresh, conflicts = await claims.claim(tx, self._stream.consumer, events)
            applied = await self._stream.apply(tx, fresh, now=now) if fresh else []
            for event, outcome in zip(fresh, applied, strict=True):
                if isinstance(outcome, DeadLettered):
                    await self._dead_letter(tx, event.record, outcome, attempts=1)
            outcomes += applied
            outcomes += [Ignored("conflicting_duplicate")] * len(conflicts)
            duplicates = len(events) - len(fresh) - len(conflicts)
            outcomes += [Ignored("duplicate")] * duplicates
        for read in reads:
            if isinstance(read.result, DeadLettered):
                await self._dead_letter(tx, read.record, read.result, attempts=1)
        await claims.move(tx, step)
        return outcomes

    async def _isolate(self, read: _Read, step: claims.Progress, error: Exception) -> None:
        """Try a single event again if the bug may be ours, then dead-letter it with its reason."""
        attempts = 1
        while not isinstance(error, ServiceError) and attempts < _ATTEMPTS:
            await asyncio.sleep(0.05 * 2**attempts)
            attempts += 1
            try:
                await self._apply([read], step)
            except (UnavailableError, claims.FencedError):
                raise
            except Exception as next_error:  # noqa: BLE001 - as above
                error = next_error
            else:
                return
        why = _reason(error)
        _log.error(
            "consumer.dead_lettered",
            stream=self._stream.consumer,
            partition=step.partition,
            offset=read.record.offset,
            reason=why.reason,
            exc_info=error,
        )
        await self._database.run(self.bury, read, step, why, attempts)
        self._count([why])

    async def bury(
        self,
        tx: Transaction,
        read: _Read,
        step: claims.Progress,
        why: DeadLettered,
        attempts: int,
    ) -> None:
        if isinstance(read.result, Received):
            await claims.claim(tx, self._stream.consumer, [read.result])
        await self._dead_letter(tx, read.record, why, attempts=attempts)
        await claims.move(tx, step)

    async def _dead_letter(
        self, tx: Transaction, record: Record, why: DeadLettered, *, attempts: int
    ) -> None:
        await dead_letters.put(
            tx,
            record,
            why,
            consumer=self._stream.consumer,
            service=self._database.service,
            attempts=attempts,
            now=self._clock.now(),
        )

    def _read(self, record: Record) -> _Read:
        try:
            return _Read(record, self._stream.read(record))
        except UndecodableError as error:
            return _Read(record, DeadLettered(error.reason, error.detail))
        except Exception as error:  # noqa: BLE001 - a bug in a decoder must not stop the partition
            return _Read(record, DeadLettered("decoder_error", describe(error)))

    def _step(self, expected: int, reads: Sequence[_Read]) -> claims.Progress:
        last = reads[-1].record
        return claims.Progress(
            consumer=self._stream.consumer,
            topic=last.topic,
            partition=last.partition,
            expected=expected,
            next_offset=last.offset + 1,
            watermark=claims.latest_watermark([self._stream.watermark(r.record) for r in reads]),
        )

    def _log_batch(self, outcomes: Sequence[Outcome], traceparents: Sequence[str]) -> None:
        _log.info(
            "consumer.batch_applied",
            stream=self._stream.consumer,
            applied=sum(isinstance(o, Applied) for o in outcomes),
            events=len(outcomes),
            traces=[t.split("-")[1] for t in traceparents[:_TRACES_IN_A_LOG_LINE] if t],
        )

    def _count(self, outcomes: Sequence[Outcome]) -> None:
        counts = Counter((type(o).__name__, getattr(o, "reason", "")) for o in outcomes)
        for (kind, reason), count in counts.items():
            metrics.CONSUMED.labels(self._stream.consumer, kind, reason).inc(count)


def _reason(error: Exception) -> DeadLettered:
    if isinstance(error, ServiceError):
        return DeadLettered(error.kind.value, error.detail)
    return DeadLettered("handler_error", describe(error))
