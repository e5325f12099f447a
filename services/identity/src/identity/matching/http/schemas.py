"""The bodies of requests about candidates, and of their responses."""

from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from common.web.requests import JsonTime, Name, RequestModel, ResponseModel

StateName = Literal["open", "same", "different", "merged", "expired"]


class ReviewRequest(RequestModel):
    """A person's decision. It outranks the engine for good, and the engine learns from it."""

    decision: Literal["same", "different"] = Field(
        description="``same``: the two are merged at once. ``different``: they are never merged by"
        " the engine, nor are any customers that they become part of."
    )
    reason: Name | None = Field(default=None, description="Why, for those who ask later.")


class FieldComparison(ResponseModel):
    """What one field says of the two."""

    field: str = Field(
        description="The field: ``given_name``, ``middle_name``, ``surname``, ``birth_date``,"
        " ``street``, ``unit``, ``city``, ``postcode``, ``sex``, ``email``, ``phone``,"
        " ``customer_number``, or the name of an attribute of the caller's own."
    )
    level: str = Field(
        description="How well it agrees, such as ``same``, ``nickname``, ``close`` (a slip of the"
        " pen), ``similar``, ``swapped`` or ``different``."
    )
    weight: float = Field(
        description="What this adds to the logarithm of the odds that the two are one person;"
        " below 0 it speaks against that."
    )
    values: list[Any] = Field(
        description="The compared values of the two, in the order of ``profile_ids`` and without"
        " case and accents; masked without ``pii:read``."
    )


class CandidateResponse(ResponseModel, title="MatchCandidate"):
    """Two customers that may be one person."""

    candidate_id: UUID = Field(description="The id of the candidate.")
    customer_ids: list[UUID] = Field(
        description="The canonical ids of the two customers; twice the same after a merge."
    )
    profile_ids: list[UUID] = Field(
        description="The ids under which the compared values were reported, the smaller one first."
    )
    state: StateName = Field(
        description="``open`` (a person is to decide), ``same`` or ``different`` (a person"
        " decided), ``merged`` (they became one customer otherwise) or ``expired`` (the evidence"
        " changed, or another candidate asks the same)."
    )
    probability: float = Field(
        description="How likely the two are one person, from 0 to 1, by the tenant's model."
    )
    evidence: list[FieldComparison] = Field(description="What each field says.")
    refusal: str | None = Field(
        description="Why the engine did not merge a pair that it holds for one person:"
        " ``contradiction``, ``too_large``, ``weak`` (most of what is known of the two is unlike),"
        " ``unproved`` (one of them only claims its identifiers), ``needs_verification`` (one of"
        " them is verified, which likeness is not), or a reason for which resolving drops an"
        " identifier; why a candidate expired; else null."
    )
    model_version: int = Field(
        description="The version of the tenant's model that gave the weights; 0 before it learned."
    )
    found_at: JsonTime = Field(description="When the pair was found.")
    decided_at: JsonTime | None = Field(description="When a person decided; null before.")
    decided_by: str | None = Field(description="Who decided: the caller's credential; null before.")
    reason: str | None = Field(description="The reason that the person gave; null without one.")


class CandidateList(ResponseModel, title="MatchCandidateList"):
    """The likeliest first."""

    items: list[CandidateResponse] = Field(description="The candidates of this page.")
    next: str | None = Field(description="The ``cursor`` of the next page; null on the last.")
