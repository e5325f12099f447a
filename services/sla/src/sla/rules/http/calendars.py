"""Versioned business hours."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from starlette.responses import Response

from common.errors import NotFoundError
from common.jsons import describe_pattern
from common.web import (
    Caller,
    CursorParameter,
    CursorsDep,
    DatabaseDep,
    IfMatchDep,
    IfNoneMatchDep,
    PageLimit,
    WriterDep,
    examples,
    requires,
    tag,
)
from common.web.requests import json_body
from common.web.responses import IfMatch, json_answer, strong_etag
from sla.rules.http.calendar_schemas import CalendarList, CalendarRequest, CalendarResponse
from sla.rules.http.examples import (
    LIST_CALENDARS,
    PUT_CALENDAR,
    PUT_CALENDAR_BY_NAME,
    READ_CALENDAR,
)
from sla.rules.national_holidays import Nation
from sla.rules.store.calendars import CALENDARS, CalendarVersion
from sla.rules.usecases.save_calendar import SaveCalendar, save_calendar

router = APIRouter(
    prefix="/v1/sla/calendars",
    tags=[tag("calendars", "Business hours, in which the time of clocks counts.")],
)

_NAME_TAKEN: dict[int | str, Any] = {409: {"description": "Another calendar has this ``name``."}}

CalendarId = Annotated[
    str,
    Path(
        pattern=describe_pattern(
            r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$",
            "must be 1 to 64 letters, digits, _, . or -, beginning with a letter or a digit",
        ),
        description="Id of the calendar, which the caller chooses: 1 to 64 letters, digits and "
        "`_`, `.`, `-`, beginning with a letter or digit.",
    ),
]


@router.put(
    "",
    response_model=CalendarResponse,
    summary="Save a calendar by its name",
    openapi_extra=examples(*PUT_CALENDAR_BY_NAME),
)
async def put_calendar_by_name(
    caller: Annotated[Caller, requires("sla:admin")],
    body: Annotated[CalendarRequest, json_body(CalendarRequest)],
    if_match: IfMatchDep,
    write: WriterDep,
) -> Response:
    """Save a calendar by its name: a new calendar, or the next version of the one with that name.

    With ``If-Match``, only a calendar with that ETag is replaced; none is created.
    """
    return await _put(caller, None, body, if_match, write)


@router.put(
    "/{calendar_id}",
    response_model=CalendarResponse,
    summary="Save a calendar by its id",
    openapi_extra=examples(*PUT_CALENDAR),
    responses=_NAME_TAKEN,
)
async def put_calendar(
    calendar_id: CalendarId,
    caller: Annotated[Caller, requires("sla:admin")],
    body: Annotated[CalendarRequest, json_body(CalendarRequest)],
    if_match: IfMatchDep,
    write: WriterDep,
) -> Response:
    """Save a calendar under an id that the caller chooses; saving again makes its next version.

    With ``If-Match``, only a calendar with that ETag is replaced; none is created.
    Conversations whose clocks are running keep the version they matched.
    """
    return await _put(caller, calendar_id, body, if_match, write)


@router.get(
    "",
    response_model=CalendarList,
    summary="List calendars",
    openapi_extra=examples(*LIST_CALENDARS),
)
async def list_calendars(
    caller: Annotated[Caller, requires("sla:read")],
    database: DatabaseDep,
    cursors: CursorsDep,
    limit: PageLimit,
    cursor: CursorParameter = None,
) -> Response:
    """List the current versions of all calendars, ordered by id."""
    position = cursors.read(cursor)
    after = str(position[0]) if position else ""
    versions = await database.read(
        CALENDARS.list_current, caller.tenant_id, after=after, limit=limit + 1
    )
    page, following = cursors.page(versions, limit, position=lambda c: (c.calendar_id,))
    return json_answer(CalendarList(items=[_response(c) for c in page], next=following))


@router.get(
    "/{calendar_id}",
    response_model=CalendarResponse,
    summary="Read a calendar",
    openapi_extra=examples(*READ_CALENDAR),
)
async def read_calendar(
    calendar_id: CalendarId,
    caller: Annotated[Caller, requires("sla:read")],
    database: DatabaseDep,
    if_none_match: IfNoneMatchDep,
) -> Response:
    """Read a calendar in its current version."""
    calendar = await database.read(CALENDARS.find_current, caller.tenant_id, calendar_id)
    if calendar is None:
        raise NotFoundError("there is no such calendar")
    etag = _etag(caller, calendar)
    return if_none_match.not_modified(etag) or json_answer(_response(calendar), etag=etag)


async def _put(
    caller: Caller,
    calendar_id: str | None,
    body: CalendarRequest,
    if_match: IfMatch,
    write: WriterDep,
) -> Response:
    command = SaveCalendar(
        tenant_id=caller.tenant_id,
        calendar_id=calendar_id,
        body=body.model_dump(mode="json"),
        nations=[Nation(n.country, n.subdivision) for n in body.national_holidays],
        expected=if_match.expected(),
    )

    def answer(saved: CalendarVersion) -> tuple[int, CalendarResponse, dict[str, str]]:
        return 200, _response(saved), {"ETag": _etag(caller, saved)}

    return await write(save_calendar, command, answer=answer)


def _etag(caller: Caller, calendar: CalendarVersion) -> str:
    return strong_etag(*calendar.etag_parts(caller.tenant_id))


def _response(saved: CalendarVersion) -> CalendarResponse:
    return CalendarResponse.model_validate(saved.members(), strict=False)
