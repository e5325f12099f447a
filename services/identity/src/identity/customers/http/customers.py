"""``GET /v1/customers``: customers, the newest first, or one of them by any id ever issued."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import StringConstraints
from starlette.responses import Response

from common.web import (
    Caller,
    ClockDep,
    CursorParameter,
    CursorsDep,
    DatabaseDep,
    IfNoneMatchDep,
    PageLimit,
    examples,
    requires,
    tag,
)
from common.web.requests import Timestamp
from common.web.responses import Masker, Part, json_answer, strong_etag
from identity.customers.domain.search_terms import MAX_TIER_LENGTH
from identity.customers.http.examples import LIST_CUSTOMERS, READ_CUSTOMER
from identity.customers.http.masks import listed_customer, shown_customer
from identity.customers.http.schemas import CustomerList, CustomerResponse
from identity.customers.store.customer_views import (
    EARLIEST,
    LATEST,
    LOWEST_ID,
    CreationRange,
    PlacedView,
    get_customer_view,
    list_newest,
)

DEADLINE_SECONDS = 2.0

TAG = tag("customers", "Customers, by any id ever issued for them.")
router = APIRouter(tags=[TAG])

CustomerId = Annotated[
    UUID,
    Path(description="Any id ever issued; that of an absorbed customer leads to the survivor."),
]
_TIER = Annotated[str, StringConstraints(min_length=1, max_length=MAX_TIER_LENGTH)]


@router.get(
    "/v1/customers",
    response_model=CustomerList,
    summary="List customers",
    openapi_extra=examples(*LIST_CUSTOMERS),
)
async def list_customers(
    caller: Annotated[Caller, requires("context:read")],
    database: DatabaseDep,
    cursors: CursorsDep,
    *,
    limit: PageLimit,
    tier: Annotated[
        _TIER | None, Query(description="Only customers whose attribute ``tier`` is this text.")
    ] = None,
    created_from: Annotated[
        Timestamp | None, Query(description="Only customers created at this time or later.")
    ] = None,
    created_before: Annotated[
        Timestamp | None, Query(description="Only customers created before this time.")
    ] = None,
    cursor: CursorParameter = None,
) -> Response:
    """List customers, the newest first; ``POST /v1/customers/search`` finds them by name."""
    filters = {"tier": tier, "from": _bound(created_from), "before": _bound(created_before)}
    position = cursors.read(cursor, filters)
    rows = await database.read(
        list_newest,
        caller.tenant_id,
        _range(created_from, created_before, position),
        tier=tier,
        limit=limit + 1,
        deadline_seconds=DEADLINE_SECONDS,
    )
    page, following = cursors.page(rows, limit, position=_position, filters=filters)
    masker = Masker(caller.sees_pii)
    items = [listed_customer(masker, row.view) for row in page]
    return json_answer(CustomerList(items=items, next=following))


@router.get(
    "/v1/customers/{customer_id:uuid}",
    operation_id="read_customer",
    response_model=CustomerResponse,
    summary="Read a customer",
    openapi_extra=examples(*READ_CUSTOMER),
)
async def read_customer(
    customer_id: CustomerId,
    caller: Annotated[Caller, requires("context:read", bound=True)],
    database: DatabaseDep,
    clock: ClockDep,
    if_none_match: IfNoneMatchDep,
) -> Response:
    """Read a customer; the id of an absorbed customer returns the survivor."""
    view = await database.read(
        get_customer_view,
        caller.tenant_id,
        customer_id,
        now=clock.now(),
        deadline_seconds=DEADLINE_SECONDS,
    )
    caller.check_reach(view.customer_id, *view.merged_ids, what="customer")
    etag = strong_etag(*view.etag_parts, caller.sees_pii)
    body = shown_customer(Masker(caller.sees_pii), view, customer_id)
    return if_none_match.not_modified(etag) or json_answer(body, etag=etag)


def _range(
    created_from: datetime | None, created_before: datetime | None, position: Any
) -> CreationRange:
    """Return what a page selects; ``position`` is where the page before ended."""
    before, before_id = position or (created_before or LATEST, LOWEST_ID)
    return CreationRange(created_from or EARLIEST, before, before_id)


def _bound(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()


def _position(row: PlacedView) -> tuple[Part, ...]:
    return row.place, row.view.customer_id
