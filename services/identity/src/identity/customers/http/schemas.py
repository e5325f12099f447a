"""The shapes of customers and identifiers in responses; the other parts show them too."""

from uuid import UUID

from pydantic import Field

from common.web.requests import JsonTime, ResponseModel
from identity.customers.shown import (
    CanonicalId,
    CreatedAt,
    FirstSpelling,
    MaskedAttributes,
    NormalisedValue,
    ShownLevel,
    ShownScope,
    ShownType,
)


class PresentedIdentifier(ResponseModel):
    """An identifier as the caller wrote it."""

    type: ShownType
    value: str = Field(description="The identifier in the caller's own spelling.")
    scope: ShownScope
    level: ShownLevel


class LinkedIdentifier(PresentedIdentifier):
    """``value`` is the normalised form, ``raw`` the first spelling that was seen."""

    value: NormalisedValue
    raw: FirstSpelling


class HeldIdentifier(LinkedIdentifier, title="CustomerIdentifier"):
    """An identifier of a customer, with its provenance.

    Callers without ``pii:read`` see personal values masked.
    """

    source: str | None = Field(
        description="The ``source`` of the request that added it; null if that request named none."
    )
    first_seen_at: JsonTime = Field(
        description="The ``observed_at`` of the request that added it; if absent or in the future,"
        " when that request arrived."
    )


class CustomerResponse(ResponseModel, title="Customer"):
    """``customer_id`` is canonical; ``merged_ids`` are the other ids that lead to it."""

    customer_id: CanonicalId
    requested_id: UUID = Field(
        description="The id in the request's path: ``customer_id`` or one of ``merged_ids``."
    )
    merged_ids: list[UUID] = Field(
        description="All other ids that lead to this customer, sorted; empty without a merge."
    )
    attributes: MaskedAttributes
    identifiers: list[HeldIdentifier] = Field(
        description="The customer's identifiers, sorted by type, scope and value."
    )
    version: int = Field(
        description="The number of changes to the customer: the ``sequence`` of its last event."
    )
    created_at: CreatedAt
    updated_at: JsonTime = Field(
        description="When identity last wrote the customer, which can be after its last event."
    )
