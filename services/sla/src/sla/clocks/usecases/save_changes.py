"""Save changed clocks with the events and alerts that announce them."""

from collections.abc import Sequence
from datetime import datetime

from common.db import Transaction
from common.messaging import outbox
from sla.alerts.store import alerts
from sla.clocks.domain.changes import OwnedChange
from sla.clocks.domain.clocks import OwnedClock
from sla.clocks.events.announcing import alerts_of, announce
from sla.clocks.store import clock_writes


async def save_changes(tx: Transaction, changes: Sequence[OwnedChange], *, now: datetime) -> int:
    """Save the clocks and record their events and alerts; return the number of events."""
    clocks = [OwnedClock(owned.owner, owned.change.version) for owned in changes]
    await clock_writes.save_clocks(tx, clocks)
    events = announce(changes, now=now)
    await outbox.record(tx, events)
    await alerts.insert_alerts(tx, alerts_of(events))
    return len(events)
