"""The shapes of customers and identifiers in responses; the other parts show them too."""

from typing import Literal
from uuid import UUID

from common.web.requests import JsonObject, JsonTime, ResponseModel

LevelName = Literal["claimed", "channel_proved", "verified"]


class PresentedIdentifier(ResponseModel):
    """An identifier as the caller wrote it."""

    type: str
    value: str
    scope: str | None
    level: LevelName


class LinkedIdentifier(PresentedIdentifier):
    """``value`` is the normalised form, ``raw`` the first spelling that was seen."""

    raw: str


class HeldIdentifier(LinkedIdentifier):
    """An identifier of a customer, with its provenance."""

    source: str | None
    first_seen_at: JsonTime


class CustomerResponse(ResponseModel):
    """``customer_id`` is canonical; ``merged_ids`` are the other ids that lead to it."""

    customer_id: UUID
    requested_id: UUID
    merged_ids: list[UUID]
    attributes: JsonObject
    identifiers: list[HeldIdentifier]
    version: int
    created_at: JsonTime
    updated_at: JsonTime
