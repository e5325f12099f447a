"""The body of an export."""

from typing import Any
from uuid import UUID

from pydantic import Field

from common.web.requests import JsonTime, ResponseModel
from identity.customers.http.schemas import HeldIdentifier
from identity.customers.shown import LevelName


class ExportedIdentifier(HeldIdentifier, title="ExportedIdentifier"):
    """An identifier of the customer."""

    is_suppressed: bool = Field(
        description="Whether it is on the list of contact points that must not be processed."
    )


class ExportedValue(ResponseModel):
    """A value of an attribute, with its provenance."""

    value: Any = Field(description="The value, any JSON; null clears the attribute.")
    source: str | None = Field(description="Who reported it; null if that is unknown.")
    level: LevelName = Field(description="How well its sender was proved to be the customer.")
    observed_at: JsonTime = Field(description="When the value was true.")
    ingested_at: JsonTime = Field(description="When identity received it.")


class ExportedObservation(ExportedValue):
    """A value that a source reported, whether or not it counts."""

    name: str = Field(description="The name of the attribute.")
    customer_id: UUID = Field(description="The id for which it was reported.")
    is_claim: bool = Field(
        description="Whether it never counts, because its sender only claimed to be the customer."
    )


class ExportedMerge(ResponseModel):
    """A merge that made the customer."""

    merge_id: UUID = Field(description="The id of the merge.")
    survivor_id: UUID = Field(description="The id that stayed canonical.")
    absorbed_ids: list[UUID] = Field(description="The ids that led to it from then on.")
    reason: str = Field(description="Why they were merged.")
    rule: str = Field(description="What decided: a rule, or ``explicit``.")
    actor: str = Field(description="Who merged: ``engine``, or a caller's credential.")
    merged_at: JsonTime = Field(description="When they were merged.")
    evidence: list[dict[str, Any]] = Field(description="The identifiers that proved it.")
    before: list[dict[str, Any]] = Field(
        description="The customers as they were before: the survivor, then the absorbed ones."
    )


class LostIdentifier(ResponseModel):
    """An identifier that another customer has since a change of the normaliser."""

    type: str = Field(description="The type of the identifier.")
    scope: str | None = Field(description="The namespace of the identifier; null without one.")
    value: str = Field(description="The normalised form.")
    raw: str = Field(description="The first spelling.")
    level: str = Field(description="How well it was proved.")
    reason: str = Field(description="Why this customer lost it.")
    found_at: JsonTime = Field(description="When it was lost.")


class ExportedClaim(ResponseModel):
    """An identifier of somebody else that the customer says is theirs."""

    type: str = Field(description="The type of the identifier.")
    scope: str | None = Field(description="The namespace of the identifier; null without one.")
    value: str = Field(description="The normalised form.")
    raw: str = Field(description="The first spelling.")
    source: str | None = Field(description="Who reported it; null if that is unknown.")
    claimed_at: JsonTime = Field(description="When it was claimed.")
    expires_at: JsonTime = Field(description="When the claim ends.")


class ExportedQuarantine(ResponseModel):
    """An identifier that the customer had and that many share: nothing is found by it."""

    type: str = Field(description="The type of the identifier.")
    scope: str | None = Field(description="The namespace of the identifier; null without one.")
    value: str = Field(description="The normalised form.")
    raw: str = Field(description="The first spelling.")
    level: str = Field(description="How well it was proved.")
    source: str | None = Field(description="Who reported it; null if that is unknown.")
    reason: str = Field(description="Why it leads to nobody.")
    since: JsonTime = Field(description="Since when it leads to nobody.")
    released_at: JsonTime | None = Field(
        description="When a person decided that it is somebody's after all; null if nobody did."
    )


class ExportedEnd(ResponseModel):
    """An identifier at one end of a link."""

    type: str = Field(description="The type of the identifier.")
    scope: str | None = Field(description="The namespace of the identifier; null without one.")
    value: str = Field(description="The normalised form.")


class ExportedLink(ResponseModel):
    """Evidence that two identifiers of the customer are one person's."""

    between: list[ExportedEnd] = Field(description="The two identifiers.")
    rule: str = Field(description="Why they are linked, such as ``together``.")
    source: str | None = Field(description="Who reported it first; null if that is unknown.")
    first_seen_at: JsonTime = Field(description="When they were first proved together.")
    last_seen_at: JsonTime = Field(description="When they were last proved together.")
    verified_at: JsonTime | None = Field(
        description="When they were last verified together; null if never."
    )


class ExportedDecision(ResponseModel):
    """What a person decided about this customer and another."""

    decision_id: UUID = Field(description="The id of the decision.")
    kind: str = Field(
        description="``must-link``: they are one. ``cannot-link``: they are two. ``release``: an"
        " identifier that many share is the customer's after all."
    )
    customer_id: UUID = Field(description="The id of the one customer at that time.")
    other_id: UUID = Field(description="The id of the other customer at that time.")
    actor: str = Field(description="Who decided, as a credential.")
    reason: str = Field(description="Why.")
    basis: str = Field(description="What led to it, such as ``explicit`` or a review.")
    score: float | None = Field(description="The score that was shown; null if none was.")
    rules_version: int | None = Field(
        description="The version of the tenant's rules at that time; null if it was not kept."
    )
    decided_at: JsonTime = Field(description="When it was decided.")
    undo_of: UUID | None = Field(description="The merge that it undid; null if none.")
    merge_id: UUID | None = Field(description="The merge that it caused; null if none.")
    withdrawn_at: JsonTime | None = Field(description="When it was withdrawn; null if in force.")
    withdrawn_by: str | None = Field(description="Who withdrew it; null if nobody did.")
    withdrawal_reason: str | None = Field(description="Why it was withdrawn; null if it was not.")


class ExportedMembership(ResponseModel):
    """A household or account of which the customer is a member."""

    group_id: UUID = Field(description="The id of the group.")
    kind: str = Field(description="``household`` or ``account``.")
    customer_id: UUID = Field(description="The id under which the customer was added.")
    role: str = Field(description="The role in the group.")
    valid_from: JsonTime | None = Field(description="Since when; null if that is unknown.")
    valid_until: JsonTime | None = Field(description="Until when; null if it goes on.")
    source: str | None = Field(description="Who reported it; null if that is unknown.")
    added_at: JsonTime = Field(description="When the membership was added.")


class ExportResponse(ResponseModel, title="CustomerExport"):
    """Everything that identity holds about a customer; without ``pii:read``, masked."""

    customer_id: UUID = Field(description="The canonical id of the customer.")
    ids: list[UUID] = Field(description="Every id that leads to the customer, sorted.")
    version: int = Field(description="The number of changes to the customer.")
    created_at: JsonTime = Field(description="When identity created the customer.")
    updated_at: JsonTime = Field(description="When identity last wrote the customer.")
    identifiers: list[ExportedIdentifier] = Field(
        description="The identifiers with source, level and time, sorted by type, scope and value."
    )
    lost_identifiers: list[LostIdentifier] = Field(
        description="Identifiers that another customer has since a change of the normaliser."
    )
    claims: list[ExportedClaim] = Field(
        description="Identifiers of others that the customer claims, sorted."
    )
    quarantined: list[ExportedQuarantine] = Field(
        description="Identifiers that the customer had and that lead to nobody, sorted."
    )
    links: list[ExportedLink] = Field(
        description="The evidence that the identifiers are one person's, sorted by identifiers."
    )
    decisions: list[ExportedDecision] = Field(
        description="What persons decided about the customer, the oldest first."
    )
    groups: list[ExportedMembership] = Field(
        description="The households and accounts of the customer, sorted by group."
    )
    attributes: dict[str, ExportedValue] = Field(
        description="The attributes that count, by name; a cleared one has the value null."
    )
    observations: list[ExportedObservation] = Field(
        description="Every value that a source reported for an attribute, with its provenance and"
        " the id it was reported for."
    )
    merges: list[ExportedMerge] = Field(
        description="The merges that made the customer, the oldest first: who was joined, by which"
        " rule, on what evidence, by whom, and the customers as they were before."
    )
