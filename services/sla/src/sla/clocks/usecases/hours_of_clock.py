"""What a clock's time counts by."""

from __future__ import annotations

from common.db import ReadConnection
from sla.clocks.store.clock_rows import Stored
from sla.rules.domain.calendars import build_calendar, spec_from_json
from sla.rules.domain.hours import Hours
from sla.rules.domain.policy import AROUND_THE_CLOCK
from sla.rules.store import calendars


async def hours_of_clock(connection: ReadConnection, stored: Stored) -> Hours:
    """Return the hours of the calendar version that the clock was matched with."""
    clock = stored.held.clock
    if clock.calendar_id is None or clock.calendar_version is None:
        return AROUND_THE_CLOCK
    version = await calendars.version(
        connection, stored.owner.tenant_id, clock.calendar_id, clock.calendar_version
    )
    return AROUND_THE_CLOCK if version is None else build_calendar(spec_from_json(version.body))
