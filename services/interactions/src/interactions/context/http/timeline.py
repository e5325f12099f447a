"""``GET /v1/context/{customer_id}/timeline``: a customer's interactions, page by page."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from common.errors import ForbiddenError, NotFoundError
from common.jsons import Encoded, loads
from common.web import (
    Caller,
    ConsistencyDep,
    CursorParameter,
    CursorsDep,
    PageLimit,
    examples,
    part_of,
    requires,
)
from common.web.requests import Timestamp, charge
from common.web.responses import Masker, json_answer
from interactions.context.domain.search import MAX_WORDS, read_search
from interactions.context.http.examples import READ_TIMELINE
from interactions.context.http.schemas import CONTEXT, CustomerId, TimelineResponse
from interactions.context.http.state import ContextState
from interactions.context.store.timeline import TimelineQuery, find_timeline
from interactions.history import Direction, Kind, ShownInteraction, catch_up, fields

SEARCH_COST = 10
"""A full-text search counts as so many requests."""

router = APIRouter(tags=[CONTEXT])

_CHANNEL = "Only interactions on this channel, such as `email`; on any channel if absent."
_KIND = f"Only interactions of this kind: {fields.either(Kind)}; of any kind if absent."
_DIRECTION = f"Only this direction: {fields.either(Direction)}; every direction if absent."
_FROM = "Only what happened at this time or later; from the first interaction on if absent."
_TO = "Only what happened before this time; up to the latest interaction if absent."
_CONVERSATION = "Only the interactions of this conversation; of all conversations if absent."
_SEARCH = (
    'Words to search for in subjects and texts, with `"a phrase"`, `-without` and `or`; the last'
    f" word may be unfinished, and the first {MAX_WORDS} words count. Requires `pii:read`."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineFilters:
    """The caller's filters; a cursor is valid only for the filters it was issued with."""

    channel: str | None
    kind: str | None
    direction: str | None
    occurred_from: datetime | None
    occurred_to: datetime | None
    conversation_id: UUID | None
    q: str | None


async def read_filters(
    *,
    channel: Annotated[str | None, Query(max_length=64, description=_CHANNEL)] = None,
    kind: Annotated[Kind | None, Query(description=_KIND)] = None,
    direction: Annotated[Direction | None, Query(description=_DIRECTION)] = None,
    occurred_from: Annotated[Timestamp | None, Query(alias="from", description=_FROM)] = None,
    occurred_to: Annotated[Timestamp | None, Query(alias="to", description=_TO)] = None,
    conversation_id: Annotated[UUID | None, Query(description=_CONVERSATION)] = None,
    q: Annotated[str | None, Query(max_length=200, description=_SEARCH)] = None,
) -> TimelineFilters:
    """Collect the filters from the query string."""
    return TimelineFilters(
        channel=channel,
        kind=kind,
        direction=direction,
        occurred_from=occurred_from,
        occurred_to=occurred_to,
        conversation_id=conversation_id,
        q=q,
    )


@router.get(
    "/v1/context/{customer_id:uuid}/timeline",
    operation_id="read_timeline",
    openapi_extra=examples(*READ_TIMELINE),
    summary="List a customer's interactions",
    response_model=TimelineResponse,
)
async def get_timeline(
    request: Request,
    customer_id: CustomerId,
    caller: Annotated[Caller, requires("context:read", bound=True)],
    cursors: CursorsDep,
    seen: ConsistencyDep,
    *,
    limit: PageLimit,
    filters: Annotated[TimelineFilters, Depends(read_filters)],
    cursor: CursorParameter = None,
) -> Response:
    """Return one page, newest first; ``next`` is the cursor of the following page."""
    if filters.q is not None and not caller.sees_pii:
        raise ForbiddenError("full-text search requires the scope pii:read")
    if filters.q is not None:
        charge(request, SEARCH_COST - 1)
    bound = asdict(filters) | {"customer_id": customer_id}
    position = cursors.read(cursor, bound)
    state = part_of(request, ContextState)
    await catch_up(state.database, caller.tenant_id, seen)
    query = _query(caller, customer_id, filters, limit=limit, position=position)
    deadline = state.settings.timeline_deadline_seconds
    page = await state.database.read(find_timeline, query, deadline_seconds=deadline)
    if page is None or not page.known:
        raise NotFoundError("there is no such customer")
    caller.check_reach(page.customer_id, *page.member_ids, what="customer")
    items = _shown(page.items, Masker(caller.sees_pii))
    return json_answer({"items": items, "next": cursors.write(page.last, bound)})


def _query(
    caller: Caller,
    customer_id: UUID,
    filters: TimelineFilters,
    *,
    limit: int,
    position: tuple[Any, ...] | None,
) -> TimelineQuery:
    return TimelineQuery(
        tenant_id=caller.tenant_id,
        customer_id=customer_id,
        limit=limit,
        bound_to=caller.bound_to,
        channel=filters.channel,
        kind=filters.kind,
        direction=filters.direction,
        occurred_from=filters.occurred_from,
        occurred_to=filters.occurred_to,
        conversation_id=filters.conversation_id,
        search=read_search(filters.q) if filters.q is not None else None,
        after=(position[0], position[1]) if position is not None else None,
    )


def _shown(items: str, masker: Masker) -> Any:
    if masker.sees_pii:
        return Encoded(items)
    return ShownInteraction.all_masked(loads(items), masker)
