"""Save changed clocks with the events that announce them."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial

from common.db import Transaction, on_commit
from common.messaging import outbox
from sla.clocks import metrics
from sla.clocks.domain.changes import OwnedChange
from sla.clocks.domain.clocks import OwnedClock
from sla.clocks.events.announcing import Announcement, hours_key
from sla.clocks.events.clock_fields import Links
from sla.clocks.store import clock_writes
from sla.rules.memory import CalendarMemory

EventLog = Callable[[Transaction, Sequence[outbox.OutboxEvent]], Awaitable[None]]


class ClockSaver:
    """Saves and announces changes; ``log`` also records each event, in the same transaction."""

    def __init__(self, calendars: CalendarMemory, links: Links, log: EventLog) -> None:
        self._calendars = calendars
        self._links = links
        self._log = log

    async def save_changes(
        self, tx: Transaction, changes: Sequence[OwnedChange], *, now: datetime
    ) -> int:
        """Save the clocks and record their events; return the number of events."""
        clocks = [OwnedClock(owned.owner, owned.change.version) for owned in changes]
        await clock_writes.save_clocks(tx, clocks)
        keys = {
            key
            for owned in changes
            for event in owned.change.events
            if (key := hours_key(owned.owner, event.version.clock)) is not None
        }
        hours = await self._calendars.get_all(tx, keys)
        events = Announcement(self._links, hours, now).events(changes)
        await outbox.record(tx, events)
        await self._log(tx, events)
        on_commit(tx, partial(metrics.count_events, changes))
        return len(events)
