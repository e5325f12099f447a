"""The bodies of requests to resolve identifiers, and of their responses."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from common.jsons import dumps
from common.web import RejectedItem
from common.web.requests import (
    Name,
    RequestModel,
    ResponseModel,
    ShortText,
    Timestamp,
    without_nul,
)
from identity.customers.domain.normalisation import TYPE_PATTERN
from identity.customers.http.schemas import LevelName, LinkedIdentifier, PresentedIdentifier

MAX_IDENTIFIERS_PER_REQUEST = 50
MAX_ATTRIBUTES_PER_REQUEST = 100
MAX_ATTRIBUTE_BYTES = 4_096

AttributeName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_.\-]{0,63}\z")]
IdentifierType = Annotated[str, StringConstraints(pattern=TYPE_PATTERN.replace("$", r"\z"))]
IdentifierValue = Annotated[str, StringConstraints(max_length=4_096), AfterValidator(without_nul)]
Region = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2}\z")]


def _limited(value: Any) -> Any:
    if len(dumps(value)) > MAX_ATTRIBUTE_BYTES:
        raise ValueError(f"must not be larger than {MAX_ATTRIBUTE_BYTES} bytes of JSON")
    return value


AttributeJson = Annotated[Any, AfterValidator(_limited)]
"""Any JSON; null clears the attribute."""


class IdentifierRequest(RequestModel):
    """``scope`` is the source, page or portfolio within which the value is unique."""

    type: IdentifierType
    value: IdentifierValue
    scope: ShortText | None = None
    level: LevelName | None = None
    """Absent means claimed."""


class ResolveRequest(RequestModel):
    """``default_region`` (ISO 3166) applies to telephone numbers without a country code."""

    identifiers: Annotated[
        list[IdentifierRequest], Field(min_length=1, max_length=MAX_IDENTIFIERS_PER_REQUEST)
    ]
    attributes: Annotated[
        dict[AttributeName, AttributeJson], Field(max_length=MAX_ATTRIBUTES_PER_REQUEST)
    ] = Field(default_factory=dict)
    create: bool = True
    observed_at: Timestamp | None = None
    source: Name | None = None
    default_region: Region | None = None


class DroppedIdentifier(ResponseModel):
    """An identifier that was not linked to the customer, and why."""

    identifier: PresentedIdentifier
    reason: str


class ResolveResponse(ResponseModel):
    """``customer_id`` is null only if no customer matched and ``create`` was false."""

    customer_id: UUID | None
    created: bool
    linked: list[LinkedIdentifier]
    merged: list[UUID]
    dropped: list[DroppedIdentifier]
    version: int | None


class ResolveBatchResponse(ResponseModel):
    """One entry per item, in order: a ``ResolveResponse`` or ``{"problem": ...}``."""

    items: list[ResolveResponse | RejectedItem]
