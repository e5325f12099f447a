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


class IdentifierClaim(ResponseModel):
    """An identifier of another customer that this one claims; it opens nothing."""

    type: ShownType
    value: NormalisedValue
    raw: FirstSpelling
    scope: ShownScope
    held_by: UUID | None = Field(
        description="The customer whose identifier it is; null if it is nobody's any more."
    )
    claimed_at: JsonTime = Field(description="When it was claimed first.")
    expires_at: JsonTime = Field(description="When the claim ends, unless it is proved before.")


class ClaimedIdentifier(ResponseModel):
    """An identifier of this customer that another one claims."""

    type: ShownType
    value: NormalisedValue
    scope: ShownScope
    customer_id: UUID = Field(description="The customer who claims it.")
    claimed_at: JsonTime = Field(description="When it was claimed first.")
    expires_at: JsonTime = Field(description="When the claim ends.")


class QuarantinedIdentifier(ResponseModel):
    """An identifier that was this customer's, and that nothing is found by any more."""

    type: ShownType
    value: NormalisedValue
    raw: FirstSpelling
    scope: ShownScope
    reason: str = Field(description="Why: ``quarantined``, too many share it.")
    since: JsonTime = Field(description="Since when nothing is found by it.")


class ListedCustomer(ResponseModel):
    """``customer_id`` is canonical; ``merged_ids`` are the other ids that lead to it."""

    customer_id: CanonicalId
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
        description="When the customer last changed: the time of its last event."
    )


class CustomerResponse(ListedCustomer, title="Customer"):
    """``customer_id`` is canonical; ``merged_ids`` are the other ids that lead to it."""

    requested_id: UUID = Field(
        description="The id in the request's path: ``customer_id`` or one of ``merged_ids``."
    )
    claims: list[IdentifierClaim] = Field(
        description="The identifiers of other customers that this one claims, sorted."
    )
    claimed_by: list[ClaimedIdentifier] = Field(
        description="The identifiers of this customer that others claim, the first claim first."
    )
    quarantined: list[QuarantinedIdentifier] = Field(
        description="The identifiers of this customer that so many share that nothing is found by"
        " them."
    )
    retired_at: JsonTime | None = Field(
        description="When the customer was retired, because no identifier leads to it: it is"
        " neither listed nor proposed any more, but can still be read, merged and added to, which"
        " ends it. Null for every other customer."
    )


class CustomerList(ResponseModel, title="Customers"):
    """One page."""

    items: list[ListedCustomer] = Field(description="The customers of this page, in order.")
    next: str | None = Field(
        description="The ``cursor`` that reads the next page; null on the last page."
    )
