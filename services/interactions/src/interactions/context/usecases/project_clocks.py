"""Keep our copy of SLA clocks up with what sla tells."""

from collections.abc import Sequence
from datetime import datetime

from common.db import Transaction
from interactions.context.store import clocks as store
from interactions.context.store.clocks import ClockCopy


async def project_clocks(
    tx: Transaction, clocks: Sequence[ClockCopy], *, now: datetime
) -> list[bool]:
    """Write the latest version of each clock, in one statement.

    Returns for each given clock whether it changed anything; false means stale or superseded.
    """
    del now  # the clocks carry their own times
    written = await store.save_clocks(tx, clocks)
    return [(c.tenant_id, c.clock_id, c.version) in written for c in clocks]
