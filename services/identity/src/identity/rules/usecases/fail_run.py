"""Note that carrying on with a run failed, and give it up after some times."""

from dataclasses import replace
from datetime import datetime

from common.db import Transaction
from identity.rules.domain.runs import State
from identity.rules.store.runs import lock_next_run, save_run

MAX_FAILURES = 5


async def fail_run(tx: Transaction, *, problem: str, now: datetime) -> None:
    """Count a failure of the run that waits longest, which the worker has just tried."""
    run = await lock_next_run(tx)
    if run is None:
        return
    run = replace(run, failures=run.failures + 1, problem=problem, advanced_at=now)
    if run.failures >= MAX_FAILURES:
        run = replace(run, state=State.FAILED, finished_at=now)
    await save_run(tx, run)
