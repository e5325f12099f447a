"""Works through erasures: one step's next part in each transaction, so a crash loses nothing."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from common.db import Clock, Database, Transaction
from common.erasing.steps import Progress, Step
from common.erasing.store.work import (
    BEGUN,
    Claimed,
    Finished,
    claim_erasure,
    finish_sweep,
    save_progress,
)
from common.runtime import Loop, drain
from common.telemetry import get_logger

_log = get_logger(__name__)

Finish = Callable[[Transaction, Finished], Awaitable[None]]
"""Called in the transaction of the last step, once for each erasure."""

PAUSE_SECONDS = 2.0
WAIT = timedelta(seconds=2)


class Eraser:
    """Does the steps of every erasure in order, the oldest erasure first."""

    def __init__(
        self, database: Database, steps: Sequence[Step], finish: Finish, *, clock: Clock
    ) -> None:
        self._database = database
        self._steps = steps
        self._finish = finish
        self._clock = clock

    def component(self) -> Loop:
        """Return the component that erases beside the relay; a commit in this process wakes it."""
        loop = drain("maintenance:erase", self, pause_seconds=PAUSE_SECONDS)
        self._database.on_signal(BEGUN, loop.wake)
        return loop

    async def __call__(self) -> int:
        """Do the next part of one erasure; return 0 when there is nothing to do."""
        return await self._database.run(self.advance, now=self._clock.now())

    async def advance(self, tx: Transaction, *, now: datetime) -> int:
        """Do the next part within this transaction."""
        claimed = await claim_erasure(tx, now=now)
        if claimed is None:
            return 0
        erasure, counts = claimed.erasure, dict(claimed.counts)
        if erasure.step >= len(self._steps):
            await self._end(tx, claimed, counts, now)
            return 1
        step = self._steps[erasure.step]
        progress = await step.run(tx, erasure)
        counts[step.place] = counts.get(step.place, 0) + progress.erased
        await save_progress(
            tx, claimed, progress, counts=counts, sweep_at=_next_time(progress, now)
        )
        return 1

    async def _end(
        self, tx: Transaction, claimed: Claimed, counts: dict[str, int], now: datetime
    ) -> None:
        await finish_sweep(tx, claimed, counts=counts, now=now)
        erasure = claimed.erasure
        if not erasure.is_second_sweep:
            await self._finish(tx, Finished(erasure.tenant_id, erasure.erasure_id, counts, now))
        _log.info(
            "erasure.swept",
            erasure_id=str(erasure.erasure_id),
            rows=sum(counts.values()),
            again=erasure.is_second_sweep,
        )


def _next_time(progress: Progress, now: datetime) -> datetime:
    return now + WAIT if progress.waits else now
