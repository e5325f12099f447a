"""``PATCH /v1/customers/{id}``: set and clear attributes of a customer."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from common.web import Caller, IfMatchDep, WriterDep, examples, requires
from common.web.requests import RequestModel, json_body
from common.web.responses import Masker, strong_etag
from identity.customers.domain.attributes import MAX_ATTRIBUTE_BYTES
from identity.customers.http.customers import TAG, CustomerId
from identity.customers.http.masks import shown_customer
from identity.customers.http.requested import (
    MAX_ATTRIBUTES_PER_REQUEST,
    AttributeJson,
    AttributeName,
)
from identity.customers.http.schemas import CustomerResponse
from identity.edits.domain.edit_plan import Editor
from identity.edits.http.examples import PATCH_CUSTOMER
from identity.edits.http.state import EditsStateDep
from identity.edits.usecases.edit_customer import EditCustomer, edit_customer

router = APIRouter(tags=[TAG])


class CustomerPatch(RequestModel):
    """A merge patch (RFC 7396) of a customer, whose identifiers only ``resolve`` changes."""

    attributes: dict[AttributeName, AttributeJson] = Field(
        min_length=1,
        max_length=MAX_ATTRIBUTES_PER_REQUEST,
        description="The attributes to set, any JSON by name, up to"
        f" {MAX_ATTRIBUTE_BYTES} bytes each. Null clears an attribute, absence keeps it; objects"
        " are merged with the value that is there, member by member.",
    )


@router.patch(
    "/v1/customers/{customer_id:uuid}",
    operation_id="patch_customer",
    response_model=CustomerResponse,
    summary="Change a customer's attributes",
    openapi_extra=examples(*PATCH_CUSTOMER),
)
async def patch_customer(
    customer_id: CustomerId,
    caller: Annotated[Caller, requires("identity:write")],
    body: Annotated[CustomerPatch, json_body(CustomerPatch)],
    if_match: IfMatchDep,
    *,
    state: EditsStateDep,
    write: WriterDep,
) -> Response:
    """Set and clear attributes, as the caller; with ``If-Match`` only if it still has that ETag.

    What is set counts like a verified value, until a newer one of the same rank arrives.
    """
    source = caller.principal_id
    command = EditCustomer(
        tenant_id=caller.tenant_id,
        customer_id=customer_id,
        patch=body.attributes,
        editor=Editor(source, state.priorities.of(caller.tenant_id, source)),
        limits=state.limits,
        expected=if_match.expected(caller.sees_pii),
    )
    return await write(
        edit_customer,
        command,
        answer=lambda view: (
            200,
            shown_customer(Masker(caller.sees_pii), view, customer_id),
            {"ETag": strong_etag(*view.etag_parts, caller.sees_pii)},
        ),
    )
