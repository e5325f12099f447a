"""Calendars and their versions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from common.db import ReadConnection, Transaction
from common.jsons import dumps_text
from sla.rules.domain.calendars import build_calendar, parse_calendar
from sla.rules.domain.hours import WorkingCalendar
from sla.rules.store.revisions import IN_FORCE


@dataclass(frozen=True, slots=True)
class CalendarVersion:
    calendar_id: str
    version: int
    name: str
    body: Mapping[str, Any]
    created_at: datetime

    def etag_parts(self, tenant_id: str) -> tuple[str, str, int]:
        """Return the parts of its ETag: callers choose ids, so the tenant is one of them."""
        return tenant_id, self.calendar_id, self.version

    def hours(self) -> WorkingCalendar:
        return build_calendar(parse_calendar(self.body))


_COLUMNS = "calendar_id, version, name, body, created_at"

_LIST_IN_FORCE = text(
    f"""
    SELECT {_COLUMNS} FROM calendar_version
    WHERE tenant_id = :tenant AND {IN_FORCE}
    """
)

_LIST_CURRENT = text(
    f"""
    SELECT {_COLUMNS} FROM calendar_version
    WHERE tenant_id = :tenant AND to_revision IS NULL AND calendar_id > :after
    ORDER BY calendar_id LIMIT :limit
    """
)

_LIST_BY_IDS = text(
    f"""
    SELECT {_COLUMNS} FROM calendar_version
    WHERE tenant_id = :tenant AND to_revision IS NULL AND calendar_id = ANY(:ids)
    """
)

_FIND_CURRENT = text(
    f"""
    SELECT {_COLUMNS} FROM calendar_version
    WHERE tenant_id = :tenant AND to_revision IS NULL AND calendar_id = :id
    """
)

_FIND_BY_NAME = text(
    f"""
    SELECT {_COLUMNS} FROM calendar_version
    WHERE tenant_id = :tenant AND to_revision IS NULL AND name = :name
    """
)

_FIND_VERSION = text(
    f"""
    SELECT {_COLUMNS} FROM calendar_version
    WHERE tenant_id = :tenant AND calendar_id = :id AND version = :version
    """
)

_END_CURRENT = text(
    """
    UPDATE calendar_version SET to_revision = :revision
    WHERE tenant_id = :tenant AND calendar_id = :id AND to_revision IS NULL
    """
)

_INSERT = text(
    """
    INSERT INTO calendar_version (tenant_id, calendar_id, version, name, body, from_revision,
                                  created_at)
    VALUES (:tenant, :id, :version, :name, cast(:body AS jsonb), :revision, :created_at)
    """
)


async def list_in_force(tx: Transaction, tenant_id: str, revision: int) -> list[CalendarVersion]:
    """Return the calendars of a revision."""
    values = {"tenant": tenant_id, "revision": revision}
    return [_calendar(row) for row in await tx.execute(_LIST_IN_FORCE, values)]


async def list_current(
    connection: ReadConnection, tenant_id: str, *, after: str, limit: int
) -> list[CalendarVersion]:
    """Return the current calendars whose ids follow ``after``, by id."""
    values = {"tenant": tenant_id, "after": after, "limit": limit}
    return [_calendar(row) for row in await connection.execute(_LIST_CURRENT, values)]


async def list_by_ids(
    tx: Transaction, tenant_id: str, ids: Sequence[str]
) -> dict[str, CalendarVersion]:
    """Return the current calendars with these ids, by id; missing ones are left out."""
    result = await tx.execute(_LIST_BY_IDS, {"tenant": tenant_id, "ids": list(ids)})
    return {row.calendar_id: _calendar(row) for row in result}


async def find_current(
    connection: ReadConnection, tenant_id: str, calendar_id: str
) -> CalendarVersion | None:
    values = {"tenant": tenant_id, "id": calendar_id}
    row = (await connection.execute(_FIND_CURRENT, values)).one_or_none()
    return None if row is None else _calendar(row)


async def find_by_name(tx: Transaction, tenant_id: str, name: str) -> CalendarVersion | None:
    row = (await tx.execute(_FIND_BY_NAME, {"tenant": tenant_id, "name": name})).one_or_none()
    return None if row is None else _calendar(row)


async def find_version(
    connection: ReadConnection, tenant_id: str, calendar_id: str, version: int
) -> CalendarVersion | None:
    values = {"tenant": tenant_id, "id": calendar_id, "version": version}
    row = (await connection.execute(_FIND_VERSION, values)).one_or_none()
    return None if row is None else _calendar(row)


async def save_version(
    tx: Transaction, tenant_id: str, calendar: CalendarVersion, revision: int
) -> None:
    """Replace the current version, if any, as of a revision that the caller has taken."""
    values = {"tenant": tenant_id, "id": calendar.calendar_id, "revision": revision}
    await tx.execute(_END_CURRENT, values)
    await tx.execute(
        _INSERT,
        {
            **values,
            "version": calendar.version,
            "name": calendar.name,
            "body": dumps_text(calendar.body),
            "created_at": calendar.created_at,
        },
    )


def _calendar(row: Any) -> CalendarVersion:
    return CalendarVersion(
        calendar_id=row.calendar_id,
        version=row.version,
        name=row.name,
        body=row.body,
        created_at=row.created_at,
    )
