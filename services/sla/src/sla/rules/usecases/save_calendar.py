"""Create a calendar, or replace it by its next version."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from common.db import Transaction
from common.errors import ConflictError, ErrorCode, FieldError, PreconditionError
from common.etags import ExpectedEtag
from common.ids import new_id
from sla.rules.domain.calendars import (
    build_calendar,
    check_limits,
    check_spelling,
    parse_calendar,
)
from sla.rules.national_holidays import Nation, list_holidays
from sla.rules.store import calendars, revisions
from sla.rules.store.calendars import CALENDARS, CalendarVersion


@dataclass(frozen=True, slots=True)
class SaveCalendar:
    """``calendar_id`` None saves by name: the calendar of that name, or a new one.

    With ``expected``, a version with that ETag must exist, and is replaced.
    """

    tenant_id: str
    calendar_id: str | None
    body: Mapping[str, Any]
    nations: Sequence[Nation] = ()
    expected: ExpectedEtag | None = None


async def save_calendar(
    tx: Transaction, command: SaveCalendar, *, now: datetime
) -> CalendarVersion:
    """Check and save a calendar; saving an unchanged calendar makes no new version.

    Open conversations keep the version they matched.
    """
    tenant = command.tenant_id
    # Working out years of holidays takes a tenth of a second, which only this request should wait.
    body = await asyncio.to_thread(_checked_body, command, now.date())
    revision, created_at = await revisions.insert_revision(tx, tenant)
    namesake = await calendars.find_by_name(tx, tenant, body["name"])
    calendar_id = command.calendar_id or (namesake.calendar_id if namesake else str(new_id()))
    if namesake is not None and namesake.calendar_id != calendar_id:
        raise ConflictError(
            "another calendar has this name",
            errors=[FieldError("/name", ErrorCode.ALREADY_USED, "another calendar has this name")],
        )
    current = await CALENDARS.find_current(tx, tenant, calendar_id)
    if command.expected is not None:
        _check_expected(command.expected, tenant, current)
    draft = CalendarVersion(
        calendar_id=calendar_id, name=body["name"], body=body, created_at=created_at
    )
    calendar = draft.following(current)
    if calendar is not current:
        await CALENDARS.save_version(tx, tenant, calendar, revision)
    return calendar


def _checked_body(command: SaveCalendar, today: date) -> dict[str, Any]:
    resolved = list_holidays(command.nations, today=today)
    body = {**command.body, "resolved_holidays": resolved}
    spec = parse_calendar(body)
    check_spelling(spec)
    check_limits(build_calendar(spec))
    return body


def _check_expected(
    expected: ExpectedEtag, tenant_id: str, current: CalendarVersion | None
) -> None:
    if current is None:
        raise PreconditionError("there is no such calendar; create it without If-Match")
    expected.check(*current.etag_parts(tenant_id))
