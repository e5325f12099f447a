"""``GET /v1/customers/{id}``: one customer, by any id ever issued."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from starlette.responses import Response

from common.web import Caller, ClockDep, DatabaseDep, IfNoneMatchDep, examples, requires, tag
from common.web.responses import Masker, json_answer, strong_etag
from identity.customers.http.examples import READ_CUSTOMER
from identity.customers.http.masks import masked_as, masked_attributes, masked_identifiers
from identity.customers.http.schemas import (
    ClaimedIdentifier,
    CustomerResponse,
    IdentifierClaim,
    QuarantinedIdentifier,
)
from identity.customers.store.customer_views import CustomerView, get_customer_view

DEADLINE_SECONDS = 2.0

router = APIRouter(tags=[tag("customers", "Customers, by any id ever issued for them.")])


@router.get(
    "/v1/customers/{customer_id}",
    response_model=CustomerResponse,
    summary="Read a customer",
    openapi_extra=examples(*READ_CUSTOMER),
)
async def read_customer(
    customer_id: Annotated[
        UUID,
        Path(description="Any id ever issued; that of an absorbed customer leads to the survivor."),
    ],
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
    body = _response(view, customer_id, Masker(caller.sees_pii)).model_dump_json().encode()
    etag = strong_etag(body)
    return if_none_match.not_modified(etag) or json_answer(body, etag=etag)


def _response(view: CustomerView, requested_id: UUID, masker: Masker) -> CustomerResponse:
    return CustomerResponse(
        customer_id=view.customer_id,
        requested_id=requested_id,
        merged_ids=view.merged_ids,
        attributes=masked_attributes(masker, view.attributes),
        identifiers=masked_identifiers(masker, view.identifiers),
        claims=masked_as(IdentifierClaim, masker, view.claims),
        claimed_by=masked_as(ClaimedIdentifier, masker, view.claimed_by),
        quarantined=masked_as(QuarantinedIdentifier, masker, view.quarantined),
        version=view.version,
        created_at=view.created_at,
        updated_at=view.updated_at,
    )
