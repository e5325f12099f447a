"""Clocks: what is due next, and why one stands where it stands."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
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
from sla.clocks.domain.explanation import explain
from sla.clocks.http.schemas import (
    ClockList,
    ClockResponse,
    ExplainedClock,
    MetricName,
    State,
    clock_body,
    trace_of,
)
from sla.clocks.store import clock_views
from sla.clocks.store.clock_rows import Stored
from sla.clocks.store.clock_views import After, ClockFilters
from sla.clocks.usecases.hours_of_clock import hours_of_clock

router = APIRouter(prefix="/v1/sla/clocks", tags=["clocks"])


@router.get("", response_model=ClockList)
async def list_clocks(
    caller: Annotated[Caller, requires("sla:read")],
    database: DatabaseDep,
    cursors: CursorsDep,
    *,
    limit: PageLimit,
    state: State | None = None,
    metric: MetricName | None = None,
    policy_id: UUID | None = None,
    due_before: Annotated[Timestamp | None, Query()] = None,
    conversation_id: UUID | None = None,
    cursor: CursorParameter = None,
) -> Response:
    """List clocks, the next due first; those without a due time come last."""
    filters = ClockFilters(state, metric, policy_id, conversation_id, due_before)
    bound = {name: str(value) for name, value in filters.given().items()}
    found = await database.read(
        clock_views.clocks,
        caller.tenant_id,
        filters,
        after=_after(cursors.read(cursor, bound)),
        limit=limit + 1,
    )
    page = found[:limit]
    more = _position(page[-1]) if len(found) > limit else None
    items = [ClockResponse.model_validate(clock_body(stored)) for stored in page]
    return json_answer(ClockList(items=items, next=cursors.write(more, bound)))


@router.get("/{clock_id}", response_model=ExplainedClock)
async def read_clock(
    clock_id: UUID,
    caller: Annotated[Caller, requires("sla:read")],
    database: DatabaseDep,
    clock: ClockDep,
) -> Response:
    """Read one clock with its trace: which stretches counted, which did not, and why."""
    stored = await database.read(clock_views.clock, caller.tenant_id, clock_id)
    if stored is None:
        raise NotFoundError("there is no such clock")
    hours = await database.read(hours_of_clock, stored)
    explanation = explain(stored.held.clock, hours, now=clock.now())
    body = {**clock_body(stored), "trace": trace_of(explanation)}
    return json_answer(ExplainedClock.model_validate(body))


def _after(position: tuple[Part, ...] | None) -> After | None:
    if position is None:
        return None
    due_at, clock_id = position
    return After(
        due_at=due_at if isinstance(due_at, datetime) else None,
        clock_id=clock_id if isinstance(clock_id, UUID) else UUID(str(clock_id)),
    )


def _position(stored: Stored) -> tuple[Part, ...]:
    return stored.held.clock.due_at, stored.held.clock_id
