"""Calendars and their versions."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from common.db import Transaction
from sla.rules.domain.calendars import build_calendar, parse_calendar
from sla.rules.domain.hours import WorkingCalendar
from sla.rules.store.versions import Version, VersionTable


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarVersion(Version):
    calendar_id: str

    def etag_parts(self, tenant_id: str) -> tuple[str, str, int]:
        """Return the parts of its ETag: callers choose ids, so the tenant is one of them."""
        return tenant_id, self.calendar_id, self.version

    def hours(self) -> WorkingCalendar:
        return build_calendar(parse_calendar(self.body))


CALENDARS = VersionTable(
    "calendar_version", CalendarVersion, key="calendar_id", order_by="calendar_id"
)

_LIST_BY_IDS = text(f"{CALENDARS.current} AND calendar_id = ANY(:ids)")
_FIND_BY_NAME = text(f"{CALENDARS.current} AND name = :name")


async def list_by_ids(
    tx: Transaction, tenant_id: str, ids: Sequence[str]
) -> dict[str, CalendarVersion]:
    """Return the current calendars with these ids, by id; missing ones are left out."""
    calendars = await CALENDARS.list_by(tx, _LIST_BY_IDS, tenant=tenant_id, ids=list(ids))
    return {calendar.calendar_id: calendar for calendar in calendars}


async def find_by_name(tx: Transaction, tenant_id: str, name: str) -> CalendarVersion | None:
    return await CALENDARS.find_by(tx, _FIND_BY_NAME, tenant=tenant_id, name=name)
