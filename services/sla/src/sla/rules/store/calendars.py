"""Calendars and their versions."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from cachetools import LRUCache, cached
from sqlalchemy import text

from common.db import ReadConnection, Transaction
from common.jsons import dumps
from sla.rules.domain.calendars import build_calendar, parse_calendar
from sla.rules.domain.working_calendar import WorkingCalendar
from sla.rules.store.versions import Version, VersionTable

VersionKey = tuple[str, str, int]
"""Tenant, calendar and version."""

MAX_KEPT = 256
"""Calendars kept ready for use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarVersion(Version):
    calendar_id: str

    def etag_parts(self, tenant_id: str) -> tuple[str, str, int]:
        """Return the parts of its ETag: callers choose ids, so the tenant is one of them."""
        return tenant_id, self.calendar_id, self.version

    def hours(self) -> WorkingCalendar:
        return hours_of(self.body)


def _digest(body: Mapping[str, Any]) -> bytes:
    return blake2b(dumps(body), digest_size=16).digest()


# By content: versions never change, and calendars remember what they have once worked out.
@cached(LRUCache(MAX_KEPT), key=_digest, lock=threading.Lock())
def hours_of(body: Mapping[str, Any]) -> WorkingCalendar:
    """Return the hours of a calendar's body."""
    return build_calendar(parse_calendar(body))


CALENDARS = VersionTable(
    "calendar_version", CalendarVersion, key="calendar_id", order_by="calendar_id"
)

_LIST_BY_VERSIONS = text(
    """
    SELECT k.tenant_id, c.calendar_id, c.version, c.name, c.body
    FROM unnest(cast(:tenants AS text[]), cast(:ids AS text[]), cast(:versions AS int[]))
         AS k (tenant_id, calendar_id, version)
    JOIN calendar_version c ON c.tenant_id = k.tenant_id AND c.calendar_id = k.calendar_id
                           AND c.version = k.version
    """
)
_LIST_BY_IDS = text(f"{CALENDARS.current} AND calendar_id = ANY(:ids)")
_FIND_BY_NAME = text(f"{CALENDARS.current} AND name = :name")


async def list_by_versions(
    connection: ReadConnection, keys: Sequence[VersionKey]
) -> dict[VersionKey, tuple[str, Mapping[str, Any]]]:
    """Return name and body of these versions of calendars; missing ones are left out."""
    tenants, ids, versions = zip(*keys, strict=True)
    values = {"tenants": list(tenants), "ids": list(ids), "versions": list(versions)}
    rows = await connection.execute(_LIST_BY_VERSIONS, values)
    return {(row.tenant_id, row.calendar_id, row.version): (row.name, row.body) for row in rows}


async def list_by_ids(
    tx: Transaction, tenant_id: str, ids: Sequence[str]
) -> dict[str, CalendarVersion]:
    """Return the current calendars with these ids, by id; missing ones are left out."""
    calendars = await CALENDARS.list_by(tx, _LIST_BY_IDS, tenant=tenant_id, ids=list(ids))
    return {calendar.calendar_id: calendar for calendar in calendars}


async def find_by_name(tx: Transaction, tenant_id: str, name: str) -> CalendarVersion | None:
    return await CALENDARS.find_by(tx, _FIND_BY_NAME, tenant=tenant_id, name=name)
