"""Clocks: what is due next, and how each clock came to its state."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from common.errors import NotFoundError
from common.web import (
    Caller,
    ClockDep,
    CursorParameter,
    CursorsDep,
    DatabaseDep,
    PageLimit,
    examples,
    requires,
    tag,
)
from common.web.requests import SplitAtCommas, Timestamp
from common.web.responses import Part, json_answer
from sla.clocks.domain.clocks import OwnedClock
from sla.clocks.domain.explanation.sentence import summarise
from sla.clocks.domain.explanation.trace import explain
from sla.clocks.events.announcing import AROUND_THE_CLOCK, hours_key
from sla.clocks.events.clock_fields import StateName
from sla.clocks.http.examples import LIST_CLOCKS, READ_CLOCK
from sla.clocks.http.filters import WantedDep, as_bound
from sla.clocks.http.schemas import (
    ClockList,
    ClockResponse,
    ExplainedClock,
    clock_body,
    trace_of,
)
from sla.clocks.http.state import ClocksStateDep
from sla.clocks.store import clock_views
from sla.clocks.store.clock_views import After, ClockFilters

router = APIRouter(
    prefix="/v1/sla/clocks",
    tags=[tag("clocks", "What is due when, what was late, and why.")],
)

_STATE = (
    "Only clocks in these states: `running`, `paused`, `met`, `breached` or `cancelled`. Every "
    "state if absent. Several values are separated by commas, or the parameter is repeated."
)
_DUE_BEFORE = (
    "Only clocks whose deadline is earlier than this time (RFC 3339 with an offset), whatever "
    "their state; a clock without a deadline is left out. Any deadline, or none, if absent."
)
_CONVERSATION = "Only clocks of this conversation. Every conversation if absent."


@router.get(
    "", response_model=ClockList, summary="List clocks", openapi_extra=examples(*LIST_CLOCKS)
)
async def list_clocks(
    caller: Annotated[Caller, requires("sla:read")],
    database: DatabaseDep,
    cursors: CursorsDep,
    *,
    state: ClocksStateDep,
    wanted: WantedDep,
    limit: PageLimit,
    states: Annotated[
        list[StateName] | None,
        SplitAtCommas,
        Query(alias="state", max_length=10, description=_STATE),
    ] = None,
    due_before: Annotated[Timestamp | None, Query(description=_DUE_BEFORE)] = None,
    conversation_id: Annotated[UUID | None, Query(description=_CONVERSATION)] = None,
    cursor: CursorParameter = None,
) -> Response:
    """List clocks, the next due first; clocks without a due time come last."""
    allowed = wanted.values()
    if states is not None:
        allowed["state"] = [str(value) for value in states]
    if conversation_id is not None:
        allowed["conversation_id"] = [str(conversation_id)]
    filters = ClockFilters(allowed, due_before)
    bound = as_bound(allowed) | ({} if due_before is None else {"due_before": str(due_before)})
    clocks = await database.read(
        clock_views.list_clocks,
        caller.tenant_id,
        filters,
        after=_after(cursors.read(cursor, bound)),
        limit=limit + 1,
    )
    page, following = cursors.page(clocks, limit, position=_position, filters=bound)
    items = [ClockResponse.model_validate(clock_body(owned, state.links)) for owned in page]
    return json_answer(ClockList(items=items, next=following))


@router.get(
    "/{clock_id}",
    response_model=ExplainedClock,
    summary="Read a clock and its trace",
    openapi_extra=examples(*READ_CLOCK),
)
async def read_clock(
    clock_id: Annotated[UUID, Path(description="Id of the clock.")],
    caller: Annotated[Caller, requires("sla:read")],
    database: DatabaseDep,
    clock: ClockDep,
    state: ClocksStateDep,
) -> Response:
    """Read a clock with its trace: which stretches count, which do not, and why.

    The trace of a running clock goes on to its deadline; what lies ahead is marked as expected.
    """
    owned = await database.read(clock_views.find_clock, caller.tenant_id, clock_id)
    if owned is None:
        raise NotFoundError("there is no such clock")
    key = hours_key(owned.owner, owned.current.clock)
    hours = AROUND_THE_CLOCK
    if key is not None:
        hours = (await database.read(state.calendars.get_all, [key])).get(key, AROUND_THE_CLOCK)
    explanation = explain(owned.current.clock, hours.hours, now=clock.now())
    body = {
        **clock_body(owned, state.links),
        "summary": summarise(owned.current.clock, hours),
        "trace": trace_of(explanation),
    }
    return json_answer(ExplainedClock.model_validate(body))


def _after(position: tuple[Part, ...] | None) -> After | None:
    if position is None:
        return None
    due_at, clock_id = position
    return After(
        due_at=due_at if isinstance(due_at, datetime) else None,
        clock_id=clock_id if isinstance(clock_id, UUID) else UUID(str(clock_id)),
    )


def _position(owned: OwnedClock) -> tuple[Part, ...]:
    return owned.current.clock.due_at, owned.current.clock_id
