"""``GET /v1/customers/{id}/attributes``: which values count, where they come from, and the rest."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import Field, StringConstraints
from starlette.responses import Response

from common.web import (
    Caller,
    CursorParameter,
    CursorsDep,
    DatabaseDep,
    PageLimit,
    examples,
    requires,
)
from common.web.requests import JsonTime, ResponseModel, Timestamp
from common.web.responses import Masker, Part, json_answer
from identity.customers.domain.attributes import AttributeValue, Json
from identity.customers.http.customers import TAG, CustomerId
from identity.customers.http.examples import READ_ATTRIBUTE_HISTORY, READ_ATTRIBUTES
from identity.customers.http.requested import ATTRIBUTE_NAME
from identity.customers.shown import CanonicalId, LevelName
from identity.customers.store.attribute_history import (
    Reported,
    get_attribute_history,
    get_provenance,
)

DEADLINE_SECONDS = 2.0

router = APIRouter(prefix="/v1/customers/{customer_id}/attributes", tags=[TAG])


class AttributeOrigin(ResponseModel):
    """A value and where it comes from."""

    value: Json = Field(
        description="The value, any JSON, masked without ``pii:read``; null if it was cleared."
    )
    source: str | None = Field(
        description="The system that reported it; the credential of a caller who set it, as"
        " ``key:<id>`` or ``jwt:<issuer>:<subject>``; null if unknown."
    )
    level: LevelName = Field(
        description="How well the sender was proved to be the customer: a ``claimed`` value never"
        " counts beside one that is better proved."
    )
    priority: int = Field(
        description="The priority of the source when it reported this; 0 unless it is configured."
    )
    observed_at: JsonTime = Field(description="When the value was true.")
    ingested_at: JsonTime = Field(description="When identity received it.")


class CustomerAttribute(AttributeOrigin):
    """An attribute that counts, cleared ones included."""

    name: str = Field(description="The name of the attribute.")


class AttributeList(ResponseModel):
    """The attributes that count."""

    customer_id: CanonicalId
    requested_id: UUID = Field(description="The id in the request's path.")
    at: JsonTime | None = Field(description="The ``at`` of the request; null for the present.")
    attributes: list[CustomerAttribute] = Field(
        description="The attributes, sorted by name; cleared ones have the value null."
    )


class ReportedValue(AttributeOrigin):
    """A value that was reported, whether or not it counts."""

    state: Literal["current", "overridden", "claim"] = Field(
        description="``current``: it counts; ``overridden``: another one counts; ``claim``: someone"
        " reported it who only claimed to be the customer, so it never counts."
    )


class AttributeHistoryResponse(ResponseModel, title="AttributeHistory"):
    """One page of what was reported for an attribute."""

    customer_id: CanonicalId
    items: list[ReportedValue] = Field(description="The values, the newest event first.")
    next: str | None = Field(
        description="The ``cursor`` that reads the next page; null on the last page."
    )


@router.get(
    "",
    response_model=AttributeList,
    summary="Read where attributes come from",
    openapi_extra=examples(*READ_ATTRIBUTES),
)
async def read_attributes(
    customer_id: CustomerId,
    caller: Annotated[Caller, requires("context:read")],
    database: DatabaseDep,
    *,
    at: Annotated[
        Timestamp | None,
        Query(
            description="Read what counted at this time by what identity had received by then;"
            " absent for the present."
        ),
    ] = None,
) -> Response:
    """Read the values that count, with their provenance; a customer's other ids work, too."""
    provenance = await database.read(
        get_provenance, caller.tenant_id, customer_id, at, deadline_seconds=DEADLINE_SECONDS
    )
    masker = Masker(caller.sees_pii)
    attributes = [
        CustomerAttribute(name=name, **_origin(masker, name, value))
        for name, value in sorted(provenance.attributes.items())
    ]
    return json_answer(
        AttributeList(
            customer_id=provenance.customer_id,
            requested_id=customer_id,
            at=at,
            attributes=attributes,
        )
    )


@router.get(
    "/{attribute_name}",
    response_model=AttributeHistoryResponse,
    summary="Read what was reported for an attribute",
    openapi_extra=examples(*READ_ATTRIBUTE_HISTORY),
)
async def read_attribute_history(
    customer_id: CustomerId,
    attribute_name: Annotated[
        str,
        StringConstraints(pattern=ATTRIBUTE_NAME),
        Path(description="The name of the attribute, such as ``tier``."),
    ],
    caller: Annotated[Caller, requires("context:read")],
    database: DatabaseDep,
    cursors: CursorsDep,
    *,
    limit: PageLimit,
    cursor: CursorParameter = None,
) -> Response:
    """Read all values of an attribute, also those that another one overrides, and claims."""
    filters = {"customer_id": str(customer_id), "name": attribute_name}
    history = await database.read(
        get_attribute_history,
        caller.tenant_id,
        customer_id,
        attribute_name,
        before=cursors.read(cursor, filters),
        limit=limit + 1,
        deadline_seconds=DEADLINE_SECONDS,
    )
    page, following = cursors.page(history.reported, limit, position=_position, filters=filters)
    masker = Masker(caller.sees_pii)
    items = [
        ReportedValue(state=_state(reported), **_origin(masker, attribute_name, reported.value))
        for reported in page
    ]
    return json_answer(
        AttributeHistoryResponse(customer_id=history.customer_id, items=items, next=following)
    )


def _origin(masker: Masker, name: str, value: AttributeValue) -> dict[str, Json]:
    """Return the members of ``AttributeOrigin``. That a value was cleared is no secret."""
    return {
        "value": None if value.value is None else masker.attribute(name, value.value),
        "source": value.source,
        "level": value.level.label,
        "priority": value.priority,
        "observed_at": value.observed_at,
        "ingested_at": value.ingested_at,
    }


def _state(reported: Reported) -> Literal["current", "overridden", "claim"]:
    if reported.is_claim:
        return "claim"
    return "current" if reported.is_current else "overridden"


def _position(reported: Reported) -> tuple[Part, ...]:
    return reported.value.observed_at, reported.value.sequence
