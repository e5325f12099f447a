"""Calendars and their versions."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from cachetools import LRUCache, cached
from sqlalchemy import text

from common.db import Transaction
from common.jsons import dumps
from sla.rules.domain.calendars import build_calendar, parse_calendar
from sla.rules.domain.working_calendar import WorkingCalendar
from sla.rules.store.versions import Version, VersionTable

MAX_KEPT = 256
"""Calendars kept ready for use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarVersion(Version):
    calendar_id: str

    def etag_parts(self, tenant_id: str) -> tuple[str, str, int]:
        """Return the parts of its ETag: callers choose ids, so the tenant is one of them."""
        return tenant_id, self.calendar_id, self.version

    def hours(self) -> WorkingCalendar:
        return _hours_of(self.body)


def _digest(body: Mapping[str, Any]) -> bytes:
    return blake2b(dumps(body), digest_size=16).digest()


# By content: versions never change, and calendars remember what they have once worked out.
@cached(LRUCache(MAX_KEPT), key=_digest, lock=threading.Lock())
def _hours_of(body: Mapping[str, Any]) -> WorkingCalendar:
    return build_calendar(parse_calendar(body))


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
