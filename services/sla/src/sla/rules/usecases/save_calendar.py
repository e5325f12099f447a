"""A calendar is put in place, or replaced by its next version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from common.db import Transaction
from common.errors import ConflictError, FieldError, PreconditionError
from common.etags import ExpectedEtag
from common.ids import new_id
from sla.rules.domain.calendars import build_calendar, spec_from_json
from sla.rules.national_holidays import Nation, holidays_of
from sla.rules.store import calendars, revisions
from sla.rules.store.calendars import CalendarVersion


@dataclass(frozen=True, slots=True)
class SaveCalendar:
    """``calendar_id`` None saves by name: the calendar of that name, or a new one.

    With ``expected`` there must be a version of that tag, which this one replaces.
    """

    tenant_id: str
    calendar_id: str | None
    body: Mapping[str, Any]
    nations: Sequence[Nation] = ()
    expected: ExpectedEtag | None = None


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
    if command.expected is not None:
        _check_expected(command.expected, tenant, current)
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


def _check_expected(
    expected: ExpectedEtag, tenant_id: str, current: Sequence[CalendarVersion]
) -> None:
    if not current:
        raise PreconditionError("there is no such calendar")
    expected.check(*current[0].etag_parts(tenant_id))
