"""A calendar is put in place, or replaced by its next version."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from common.db import Transaction
from common.errors import ConflictError, FieldError
from common.ids import new_id
from sla.rules.domain.calendars import build_calendar, spec_from_json
from sla.rules.national_holidays import Nation, holidays_of
from sla.rules.store import calendars, revisions
from sla.rules.store.calendars import CalendarVersion


@dataclass(frozen=True, slots=True)
class SaveCalendar:
    """``calendar_id`` None saves by name: the calendar of that name, or a new one.

    ``check`` may refuse the version to be replaced, or that there is none.
    """

    tenant_id: str
    calendar_id: str | None
    body: Mapping[str, Any]
    nations: Sequence[Nation] = ()
    check: Callable[[CalendarVersion | None], None] | None = None


async def save_calendar(
    tx: Transaction, command: SaveCalendar, *, now: datetime
) -> CalendarVersion:
    """Check and save it; saving what is there already makes no new version.

    Conversations that are open keep the version that they were matched with.
    """
    tenant = command.tenant_id
    resolved = holidays_of(command.nations, today=now.date())
    body = {**command.body, "resolved_holidays": resolved}
    build_calendar(spec_from_json(body))
    revision, created_at = await revisions.next_revision(tx, tenant)
    named = await calendars.named(tx, tenant, body["name"])
    calendar_id = command.calendar_id or (named.calendar_id if named else str(new_id()))
    if named is not None and named.calendar_id != calendar_id:
        raise ConflictError(
            "another calendar has this name",
            errors=[FieldError("/name", "another calendar has this name")],
        )
    current = await calendars.current(tx, tenant, calendar_id=calendar_id)
    if command.check is not None:
        command.check(current[0] if current else None)
    if current and current[0].body == body:
        return current[0]
    calendar = CalendarVersion(
        calendar_id=calendar_id,
        version=current[0].version + 1 if current else 1,
        name=body["name"],
        body=body,
        created_at=created_at,
    )
    await calendars.save(tx, tenant, calendar, revision)
    return calendar
