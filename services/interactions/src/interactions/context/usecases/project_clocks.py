"""Project sla's events into our copy of its clocks."""

from collections.abc import Sequence
from datetime import datetime

from common.db import Transaction
from interactions.context.store import clocks as store
from interactions.context.store.clocks import ClockCopy


async def project_clocks(
    tx: Transaction, clocks: Sequence[ClockCopy], *, now: datetime
) -> list[bool]:
    """Write the latest version of each clock, in one statement.

    Returns for each clock whether it was written; false means stale or superseded.
    """
    del now  # the clocks carry their own times
    written = await store.save_clocks(tx, clocks)
    return [(clock.tenant_id, clock.clock_id, clock.version) in written for clock in clocks]
