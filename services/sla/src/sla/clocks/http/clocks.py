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
    requires,
)
from common.web.requests import Timestamp
from common.web.responses import Part, json_answer
from sla.clocks.domain.clocks import OwnedClock
from sla.clocks.domain.explanation import explain
from sla.clocks.events.clock_fields import MetricName, StateName
from sla.clocks.http.schemas import (
    ClockList,
    ClockResponse,
    ExplainedClock,
    clock_body,
    trace_of,
)
from sla.clocks.store import clock_views
from sla.clocks.store.clock_views import After, ClockFilters

router = APIRouter(prefix="/v1/sla/clocks", tags=["clocks"])

_STATE = (
    "Only clocks in this state: `running`, `paused`, `met`, `breached` or `cancelled`. Every state "
    "if absent."
)
_METRIC = (
    "Only clocks of this metric: `first_response`, `next_response` or `resolution`. Every metric "
    "if absent."
)
_POLICY = "Only clocks of this policy, in any of its versions. Every policy if absent."
_DUE_BEFORE = (
    "Only clocks whose deadline is earlier than this time (RFC 3339 with an offset), whatever "
    "their state; a clock without a deadline is left out. Any deadline, or none, if absent."
)
_CONVERSATION = "Only clocks of this conversation. Every conversation if absent."


@router.get("", response_model=ClockList, summary="List clocks")
async def list_clocks(
    caller: Annotated[Caller, requires("sla:read")],
    database: DatabaseDep,
    cursors: CursorsDep,
    *,
    limit: PageLimit,
    state: Annotated[StateName | None, Query(description=_STATE)] = None,
    metric: Annotated[MetricName | None, Query(description=_METRIC)] = None,
    policy_id: Annotated[UUID | None, Query(description=_POLICY)] = None,
    due_before: Annotated[Timestamp | None, Query(description=_DUE_BEFORE)] = None,
    conversation_id: Annotated[UUID | None, Query(description=_CONVERSATION)] = None,
    cursor: CursorParameter = None,
) -> Response:
    """List clocks, the next due first; clocks without a due time come last."""
    filters = ClockFilters(state, metric, policy_id, conversation_id, due_before)
    bound = {name: str(value) for name, value in filters.values().items()}
    clocks = await database.read(
        clock_views.list_clocks,
        caller.tenant_id,
        filters,
        after=_after(cursors.read(cursor, bound)),
        limit=limit + 1,
    )
    page, following = cursors.page(clocks, limit, position=_position, filters=bound)
    items = [ClockResponse.model_validate(clock_body(owned)) for owned in page]
    return json_answer(ClockList(items=items, next=following))


@router.get("/{clock_id}", response_model=ExplainedClock, summary="Read a clock and its trace")
async def read_clock(
    clock_id: Annotated[UUID, Path(description="Id of the clock.")],
    caller: Annotated[Caller, requires("sla:read")],
    database: DatabaseDep,
    clock: ClockDep,
) -> Response:
    """Read a clock with its trace: which stretches counted, which did not, and why."""
    owned = await database.read(clock_views.find_clock, caller.tenant_id, clock_id)
    if owned is None:
        raise NotFoundError("clock not found")
    hours = await database.read(clock_views.get_hours, owned)
    explanation = explain(owned.current.clock, hours, now=clock.now())
    body = {**clock_body(owned), "trace": trace_of(explanation)}
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
