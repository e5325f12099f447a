"""Business hours, versioned."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from common.errors import NotFoundError
from common.http.answers import json_answer
from common.http.bodies import json_body
from common.http.deps import Caller, CursorsDep, DatabaseDep, PageLimit, WriterDep, requires
from common.http.etags import not_modified, strong_etag
from sla.http.rules_schemas import CalendarList, CalendarRequest, CalendarResponse
from sla.store import calendars
from sla.store.calendars import CalendarVersion
from sla.usecases.national_holidays import Nation
from sla.usecases.save_calendar import SaveCalendar, save_calendar

router = APIRouter(prefix="/v1/sla/calendars", tags=["calendars"])

CalendarId = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]


@router.put("", response_model=CalendarResponse)
async def put_calendar_by_name(
    caller: Annotated[Caller, requires("sla:admin")],
    body: Annotated[CalendarRequest, json_body(CalendarRequest)],
    write: WriterDep,
) -> Response:
    """Save a calendar by its name: a new one, or the next version of the one of that name."""
    return await _put(caller, None, body, write)


@router.put("/{calendar_id}", response_model=CalendarResponse)
async def put_calendar(
    calendar_id: CalendarId,
    caller: Annotated[Caller, requires("sla:admin")],
    body: Annotated[CalendarRequest, json_body(CalendarRequest)],
    write: WriterDep,
) -> Response:
    """Save a calendar under an id of the caller's choice; another save is its next version.

    Conversations whose clocks run already keep the version that they were matched with.
    """
    return await _put(caller, calendar_id, body, write)


@router.get("", response_model=CalendarList)
async def list_calendars(
    caller: Annotated[Caller, requires("sla:read")],
    database: DatabaseDep,
    cursors: CursorsDep,
    limit: PageLimit,
    cursor: str | None = None,
) -> Response:
    position = cursors.read(cursor)
    after = str(position[0]) if position else ""
    found = await database.read(calendars.current, caller.tenant_id, after=after, limit=limit + 1)
    page = found[:limit]
    more = (page[-1].calendar_id,) if len(found) > limit else None
    return json_answer(CalendarList(items=[_response(c) for c in page], next=cursors.write(more)))


@router.get("/{calendar_id}", response_model=CalendarResponse)
async def read_calendar(
    request: Request,
    calendar_id: CalendarId,
    caller: Annotated[Caller, requires("sla:read")],
    database: DatabaseDep,
) -> Response:
    found = await database.read(calendars.current, caller.tenant_id, calendar_id=calendar_id)
    if not found:
        raise NotFoundError("there is no such calendar")
    etag = strong_etag(caller.tenant_id, calendar_id, found[0].version)
    return not_modified(request, etag) or json_answer(_response(found[0]), etag=etag)


async def _put(
    caller: Caller, calendar_id: str | None, body: CalendarRequest, write: WriterDep
) -> Response:
    command = SaveCalendar(
        tenant_id=caller.tenant_id,
        calendar_id=calendar_id,
        body=body.model_dump(mode="json"),
        nations=[Nation(n.country, n.subdivision) for n in body.national_holidays],
    )
    return await write(save_calendar, command, answer=lambda saved: (200, _response(saved)))


def _response(saved: CalendarVersion) -> CalendarResponse:
    return CalendarResponse.model_validate(
        {
            **saved.body,
            "calendar_id": saved.calendar_id,
            "version": saved.version,
            "created_at": saved.created_at,
        },
        strict=False,
    )
