"""Makes customers searchable that an older version of the service wrote, a batch at a time."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from common.db import Transaction
from identity.customers.store.unindexed import FIRST, insert_terms, lock_progress, save_progress

BETWEEN_ROUNDS = timedelta(hours=1)
"""Processes of the older version have ended by then; the next round finds what they wrote."""


@dataclass(frozen=True, slots=True)
class IndexCustomers:
    """Index up to ``count`` customers."""

    count: int


async def index_customers(tx: Transaction, command: IndexCustomers, *, now: datetime) -> int:
    """Return how many customers were read; 0 when nothing is left to do at present."""
    progress = await lock_progress(tx)
    if not progress.rounds_left or now < progress.resume_at:
        return 0
    indexed = await insert_terms(tx, progress.last, count=command.count)
    if len(indexed) == command.count:
        after = replace(progress, last=indexed[-1])
    else:
        after = replace(
            progress,
            rounds_left=progress.rounds_left - 1,
            last=FIRST,
            resume_at=now + BETWEEN_ROUNDS,
        )
    await save_progress(tx, after)
    return len(indexed)
