"""The bodies of requests to decide about customers, and of their responses."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Path
from pydantic import Field

from common.web.requests import JsonTime, Name, RequestModel, ResponseModel, ShortText
from identity.customers.http.requested import IdentifierType, IdentifierValue, Region
from identity.customers.http.schemas import HeldIdentifier
from identity.customers.shown import SCOPE, TYPE, MaskedAttributes
from identity.merging.http.schemas import HOW_TO_READ
from identity.resolution.http.schemas import MAX_IDENTIFIERS_PER_REQUEST

DecidedCustomerId = Annotated[
    UUID, Path(description="Any id ever issued for the customer, also an absorbed one.")
]


class DecisionBody(RequestModel):
    """Why, and whether only to preview."""

    reason: Name | None = Field(
        default=None,
        description="Why, as the events and the list of decisions report it; absent or null means"
        " ``unspecified``.",
    )
    dry_run: bool = Field(
        default=False, description="Whether only to preview the result; absent means false."
    )


class DecidedIdentifier(RequestModel):
    """An identifier in any spelling."""

    type: IdentifierType = Field(description=TYPE)
    value: IdentifierValue = Field(description="The identifier in any spelling.")
    scope: ShortText | None = Field(default=None, description=SCOPE)


class UndoRequest(DecisionBody):
    """Undo a merge."""


class WithdrawalRequest(DecisionBody):
    """Withdraw a decision."""


class ApartRequest(DecisionBody):
    """Keep two customers apart."""

    customer_id: UUID = Field(description="Any id of the first customer.")
    other_id: UUID = Field(description="Any id of the second customer.")


class _WithRegion(DecisionBody):
    default_region: Region | None = Field(
        default=None,
        description="The country (ISO 3166) of telephone numbers without a country code; absent or"
        " null means the service's default.",
    )


class SplitRequest(_WithRegion):
    """Which identifiers are another person's."""

    identifiers: list[DecidedIdentifier] = Field(
        min_length=1,
        max_length=MAX_IDENTIFIERS_PER_REQUEST,
        description="Identifiers of the customer that go to the other one; at least one stays.",
    )


class UnlinkRequest(_WithRegion):
    """Which identifier is not the customer's."""

    identifier: DecidedIdentifier = Field(description="An identifier of the customer.")


class ReleaseRequest(_WithRegion):
    """Which identifier is to lead to its customer again."""

    identifier: DecidedIdentifier = Field(description="An identifier in quarantine.")


class PreviewedCustomer(ResponseModel):
    """A customer as it would be after the decision."""

    customer_id: UUID | None = Field(
        description="The canonical id; null of a customer that would be new."
    )
    merged_ids: list[UUID] = Field(description="All other ids that would lead to it, sorted.")
    attributes: MaskedAttributes
    identifiers: list[HeldIdentifier] = Field(
        description="The identifiers that it would have, sorted by type, scope and value."
    )


class DecisionOutcome(ResponseModel):
    """What a decision changed, or would change with ``dry_run``."""

    decision_ids: list[UUID] = Field(
        description="The decisions that were made, more than one if a merge had united more than"
        " two; empty if none was needed, and for a ``dry_run``."
    )
    changed: bool = Field(
        description="Whether anything is decided that was not so already, or would be without"
        " ``dry_run``."
    )
    dry_run: bool = Field(description="The request's ``dry_run``: if true, nothing was changed.")
    customer_ids: list[UUID] = Field(
        description="The customers that it is about and that exist, by their canonical ids now; the"
        " one that goes on first."
    )
    restored_ids: list[UUID] = Field(
        description="Customers that were absorbed, and are customers of their own again."
    )
    created_ids: list[UUID] = Field(
        description="New customers, of identifiers that no absorbed customer had; empty for a"
        " ``dry_run``."
    )
    withdrawn_ids: list[UUID] = Field(
        description="Earlier decisions that no longer hold because of this one."
    )
    preview: list[PreviewedCustomer] | None = Field(
        description="The customers as they would be; null without ``dry_run``."
    )
    consistency_tokens: list[str] = Field(
        description=f"One for each of ``customer_ids``, in their order. {HOW_TO_READ} Empty for a"
        " ``dry_run``."
    )


class DecisionResponse(ResponseModel, title="Decision"):
    """A person's decision about a customer."""

    decision_id: UUID = Field(description="The id of the decision.")
    kind: str = Field(
        description="``must-link`` (two customers are one), ``cannot-link`` (they are not, or an"
        " identifier is not the customer's) or ``release`` (from quarantine)."
    )
    rule: str = Field(
        description="What it came from: ``explicit`` (a merge on request), ``review`` (of a match),"
        " ``undo``, ``split``, ``unlink``, ``apart`` or ``release``."
    )
    customer_id: UUID = Field(description="The customer that it is about, by its id at that time.")
    other_id: UUID = Field(
        description="The other customer; the same one for a decision about an identifier."
    )
    merge_id: UUID | None = Field(description="The merge that carried it out; null if none did.")
    undo_of: UUID | None = Field(description="The merge that it undid; null if it undid none.")
    reason: str = Field(description="The reason that the caller gave; ``unspecified`` without one.")
    actor: str = Field(
        description="Who decided: the caller's credential as ``key:<id>`` or"
        " ``jwt:<issuer>:<subject>``."
    )
    evidence: list[dict[str, Any]] = Field(
        description="What it rested on: identifiers with ``type``, ``scope``, ``value`` and"
        " ``level``, or the comparisons of a match; empty if the caller gave nothing but the"
        " reason."
    )
    score: float | None = Field(
        description="How likely the match was that was reviewed; null for any other decision."
    )
    rules_version: int | None = Field(
        description="The version of the tenant's rules then in force; null if there were none."
    )
    decided_at: JsonTime = Field(description="When it was decided.")
    withdrawn_at: JsonTime | None = Field(
        description="When it was withdrawn or overridden; null as long as it stands."
    )
    withdrawn_by: str | None = Field(description="Who withdrew it; null as long as it stands.")
    withdrawal_reason: str | None = Field(description="Why; null as long as it stands.")


class DecisionList(ResponseModel):
    """A page of the decisions about a customer."""

    items: list[DecisionResponse] = Field(description="Decisions, the latest first.")
    next: str | None = Field(
        description="The ``cursor`` that reads the next page; null on the last page."
    )


class PastMergeResponse(ResponseModel, title="PastMerge"):
    """A merge that made the customer, whoever decided it."""

    merge_id: UUID = Field(description="The id of the merge, by which it can be undone.")
    survivor_id: UUID = Field(description="The customer that survived it.")
    absorbed_ids: list[UUID] = Field(description="Every id that it redirected, sorted.")
    reason: str = Field(description="Why they were merged.")
    rule: str = Field(
        description="What decided: ``proved-identifiers.v2`` (the engine) or ``explicit`` (a"
        " caller)."
    )
    actor: str = Field(description="Who merged: ``engine``, or the caller's credential.")
    evidence: list[dict[str, Any]] = Field(
        description="The identifiers that proved it, each with ``customer_id``, ``type``,"
        " ``scope``, ``value`` and ``level``; empty if a caller asked for the merge."
    )
    merged_at: JsonTime = Field(description="When they were merged.")
    undone_by: UUID | None = Field(
        description="The decision that undid it; null as long as it stands."
    )


class PastMergeList(ResponseModel):
    """A page of the merges that made a customer."""

    items: list[PastMergeResponse] = Field(description="Merges, the latest first.")
    next: str | None = Field(
        description="The ``cursor`` that reads the next page; null on the last page."
    )
