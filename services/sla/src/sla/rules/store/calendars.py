"""Calendars and their versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from common.db import ReadConnection, Transaction
from common.jsons import dumps_text
from sla.rules.store.revisions import IN_FORCE


@dataclass(frozen=True, slots=True)
class CalendarVersion:
    calendar_id: str
    version: int
    name: str
    body: Mapping[str, Any]
    created_at: datetime

    def etag_parts(self, tenant_id: str) -> tuple[str, str, int]:
        """Return what its ETag is made of; ids are the caller's choice, so the tenant is a part."""
        return tenant_id, self.calendar_id, self.version


_CALENDAR = "calendar_id, version, name, body, created_at"

_CALENDARS_AT = text(
    f"SELECT {_CALENDAR} FROM calendar_version WHERE tenant_id = :tenant AND {IN_FORCE}"
)

_CALENDARS = text(
    f"SELECT {_CALENDAR} FROM calendar_version"
    " WHERE tenant_id = :tenant AND to_revision IS NULL"
    " AND (cast(:id AS text) IS NULL OR calendar_id = :id)"
    " AND calendar_id > :after ORDER BY calendar_id LIMIT :limit"
)

_CALENDAR_NAMED = text(
    f"SELECT {_CALENDAR} FROM calendar_version"
    " WHERE tenant_id = :tenant AND to_revision IS NULL AND name = :name"
)

_CALENDAR_VERSION = text(
    f"SELECT {_CALENDAR} FROM calendar_version"
    " WHERE tenant_id = :tenant AND calendar_id = :id AND version = :version"
)

_CALENDARS_NAMED = text(
    f"SELECT {_CALENDAR} FROM calendar_version"
    " WHERE tenant_id = :tenant AND to_revision IS NULL AND calendar_id = ANY(:ids)"
)

_END_CALENDAR = text(
    "UPDATE calendar_version SET to_revision = :revision"
    " WHERE tenant_id = :tenant AND calendar_id = :id AND to_revision IS NULL"
)

_ADD_CALENDAR = text(
    """
    INSERT INTO calendar_version (tenant_id, calendar_id, version, name, body, from_revision,
                                  created_at)
    VALUES (:tenant, :id, :version, :name, cast(:body AS jsonb), :revision, :created_at)
    """
)


async def in_force(tx: Transaction, tenant_id: str, revision: int) -> list[CalendarVersion]:
    """Return the calendars of a revision."""
    values = {"tenant": tenant_id, "revision": revision}
    return [_calendar(row) for row in await tx.execute(_CALENDARS_AT, values)]


async def current(
    connection: ReadConnection,
    tenant_id: str,
    *,
    calendar_id: str | None = None,
    after: str = "",
    limit: int = 1,
) -> list[CalendarVersion]:
    """Return current calendars by id: the one asked for, or those after an id."""
    values = {"tenant": tenant_id, "id": calendar_id, "after": after, "limit": limit}
    return [_calendar(row) for row in await connection.execute(_CALENDARS, values)]


async def version(
    connection: ReadConnection, tenant_id: str, calendar_id: str, version: int
) -> CalendarVersion | None:
    values = {"tenant": tenant_id, "id": calendar_id, "version": version}
    row = (await connection.execute(_CALENDAR_VERSION, values)).one_or_none()
    return None if row is None else _calendar(row)


async def named(tx: Transaction, tenant_id: str, name: str) -> CalendarVersion | None:
    row = (await tx.execute(_CALENDAR_NAMED, {"tenant": tenant_id, "name": name})).one_or_none()
    return None if row is None else _calendar(row)


async def by_ids(tx: Transaction, tenant_id: str, ids: Sequence[str]) -> dict[str, CalendarVersion]:
    """Return those of the calendars that exist, by id."""
    result = await tx.execute(_CALENDARS_NAMED, {"tenant": tenant_id, "ids": list(ids)})
    return {row.calendar_id: _calendar(row) for row in result}


async def save(tx: Transaction, tenant_id: str, calendar: CalendarVersion, revision: int) -> None:
    """Put a version in the place of the one before, as of a revision that the caller took."""
    values = {"tenant": tenant_id, "id": calendar.calendar_id, "revision": revision}
    await tx.execute(_END_CALENDAR, values)
    await tx.execute(
        _ADD_CALENDAR,
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
