"""The bodies of identity's requests and answers."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, PlainSerializer, StringConstraints

from common.jsons import dumps
from common.messaging import rfc3339
from common.web import RejectedItem
from common.web.requests import (
    JsonObject,
    Name,
    RequestModel,
    ResponseModel,
    ShortText,
    Timestamp,
    without_nul,
)
from identity.customers.domain.normalisation import TYPE_PATTERN

MAX_IDENTIFIERS_IN_A_REQUEST = 50
MAX_ATTRIBUTES_IN_A_REQUEST = 100
MAX_ATTRIBUTE_BYTES = 4_096

LevelName = Literal["claimed", "channel_proved", "verified"]
Moment = Annotated[datetime, PlainSerializer(rfc3339, return_type=str)]

AttributeName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_.\-]{0,63}\z")]
IdentifierType = Annotated[str, StringConstraints(pattern=TYPE_PATTERN.replace("$", r"\z"))]
Value = Annotated[str, StringConstraints(max_length=4_096), AfterValidator(without_nul)]


def _small(value: Any) -> Any:
    if len(dumps(value)) > MAX_ATTRIBUTE_BYTES:
        raise ValueError(f"must not be larger than {MAX_ATTRIBUTE_BYTES} bytes of JSON")
    return value


AttributeJson = Annotated[Any, AfterValidator(_small)]
"""Any JSON; null says that the attribute has no value any more."""
Region = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2}\z")]


class IdentifierRequest(RequestModel):
    """``scope`` names the source, page or portfolio within which the value is unique."""

    type: IdentifierType
    value: Value
    scope: ShortText | None = None
    level: LevelName | None = None
    """Absent means claimed."""


class ResolveRequest(RequestModel):
    """``default_region`` (ISO 3166) reads telephone numbers written without a country code."""

    identifiers: Annotated[
        list[IdentifierRequest], Field(min_length=1, max_length=MAX_IDENTIFIERS_IN_A_REQUEST)
    ]
    attributes: Annotated[
        dict[AttributeName, AttributeJson], Field(max_length=MAX_ATTRIBUTES_IN_A_REQUEST)
    ] = Field(default_factory=dict)
    create: bool = True
    observed_at: Timestamp | None = None
    source: Name | None = None
    default_region: Region | None = None


class MergeRequest(RequestModel):
    """The target survives."""

    source_id: UUID
    target_id: UUID
    reason: Name | None = None
    dry_run: bool = False


class PresentedIdentifier(ResponseModel):
    """An identifier as the caller wrote it."""

    type: str
    value: str
    scope: str | None
    level: LevelName


class LinkedIdentifier(PresentedIdentifier):
    """``value`` is the normalised form, ``raw`` the spelling in which it was first given."""

    raw: str


class HeldIdentifier(LinkedIdentifier):
    source: str | None
    first_seen_at: Moment


class DroppedIdentifier(ResponseModel):
    identifier: PresentedIdentifier
    reason: str


class ResolveResponse(ResponseModel):
    """``customer_id`` is null only when nobody was found and ``create`` was false."""

    customer_id: UUID | None
    created: bool
    linked: list[LinkedIdentifier]
    merged: list[UUID]
    dropped: list[DroppedIdentifier]
    version: int | None


class ResolveBatchResponse(ResponseModel):
    """One entry an item, in order: a ``ResolveResponse`` or ``{"problem": ...}``."""

    items: list[ResolveResponse | RejectedItem]


class CustomerResponse(ResponseModel):
    customer_id: UUID
    requested_id: UUID
    merged_ids: list[UUID]
    attributes: JsonObject
    identifiers: list[HeldIdentifier]
    version: int
    created_at: Moment
    updated_at: Moment


class OverriddenAttribute(ResponseModel):
    """A value that no longer shows after the merge; it is kept."""

    customer_id: UUID
    name: str
    value: Any


class MergePreview(ResponseModel):
    attributes: JsonObject
    identifiers: list[HeldIdentifier]
    overridden: list[OverriddenAttribute]


class MergeResponse(ResponseModel):
    """``preview`` is there when ``dry_run`` was asked for; then nothing was changed."""

    merge_id: UUID | None
    customer_id: UUID
    absorbed_ids: list[UUID]
    changed: bool
    dry_run: bool
    preview: MergePreview | None = None
