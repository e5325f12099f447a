"""Runs of rules as callers start and read them."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from common.web.requests import JsonTime, RequestModel, ResponseModel


class SimulationRequest(RequestModel, title="RulesSimulationRequest"):
    """Which version to compare with what is stored."""

    version: int = Field(
        ge=0, le=2_147_483_647, description="The version; 0 for the service's settings."
    )


class ApplicationRequest(RequestModel, title="RulesApplicationRequest"):
    """Which version to put into force, and to apply to what is stored."""

    version: int = Field(
        ge=0, le=2_147_483_647, description="The version; 0 for the service's settings."
    )
    expected_version: int | None = Field(
        default=None,
        ge=0,
        le=2_147_483_647,
        description="The version that must be in force now, such as the ``base_version`` of the"
        " simulation that you read; null for any.",
    )


class RunCounts(ResponseModel, title="RulesRunCounts"):
    """What a simulation found, or an application did, up to now."""

    out_of_bounds: int = Field(description="Customers who exceed a bound of the rules.")
    merged: int = Field(description="Customers who go on in another one.")
    split: int = Field(description="Customers of whose identifiers new customers are made.")
    moved: int = Field(description="Identifiers that go to another customer, old or new.")
    quarantined: int = Field(
        description="Identifiers that find nobody any more: they are blocked, or many share them."
    )
    dropped: int = Field(description="Identifiers beyond what a customer may have.")
    recovered: int = Field(description="Identifiers that leave quarantine.")


class RunResponse(ResponseModel, title="RulesRun"):
    """A simulation or an application of rules, and how far it is."""

    id: UUID = Field(description="The id of the run.")
    kind: Literal["simulation", "application"] = Field(
        description="``simulation`` (finds out, and changes nothing) or ``application``."
    )
    version: int = Field(description="The version of the rules.")
    base_version: int = Field(description="The version that was in force when the run began.")
    state: Literal["running", "done", "superseded", "failed"] = Field(
        description="``running``, ``done``, ``superseded`` (a later run took its place) or"
        " ``failed`` (see ``problem``)."
    )
    phase: Literal["bounds", "persons", "visitors", "quarantine"] = Field(
        description="What it looks at: the ``bounds`` of customers and what of theirs is blocked,"
        " the ``persons``, in an application the ``visitors`` (customers of whom only devices are"
        " known), and the ``quarantine``."
    )
    customers: int | None = Field(
        description="How many customers there were when it began, with those that were merged;"
        " null until a worker begins."
    )
    visited: int = Field(description="How many of them it has looked at as persons.")
    counts: RunCounts = Field(
        description="What it found, or did, up to now; all effects are listed by themselves."
    )
    problem: str | None = Field(
        description="Why it could not go on the last time that it was tried; null if it could."
    )
    started_by: str = Field(description="Who started it.")
    started_at: JsonTime = Field(description="When it was started.")
    advanced_at: JsonTime = Field(description="When it last went on.")
    finished_at: JsonTime | None = Field(description="When it ended; null while it is running.")


class RunList(ResponseModel, title="RulesRuns"):
    """A page of runs. They are kept for 90 days after they end."""

    items: list[RunResponse] = Field(description="The runs, the latest first.")
    next: str | None = Field(description="The cursor of the next page; null on the last one.")


class ExcessBody(ResponseModel, title="RulesExcess"):
    """A bound that a customer exceeds."""

    bound: Literal["max_identifiers", "max_attributes", "exclusive", "max_values"] = Field(
        description="The field of the rules; ``max_attributes`` is a setting of the service."
    )
    type: str | None = Field(description="The type of identifiers, if the bound is one type's.")
    allowed: int = Field(description="How many the rules allow.")
    present: int = Field(description="How many there are.")


class EffectBody(ResponseModel, title="RulesEffect"):
    """What the rules do to one customer. No identifier is shown.

    Counted are identifiers that were proved, without devices, which follow the persons; of what is
    blocked, all.
    """

    customer_id: UUID = Field(description="The customer, as it was before.")
    phase: Literal["bounds", "persons", "quarantine"] = Field(
        description="When the run came upon it."
    )
    exceeds: list[ExcessBody] = Field(
        description="The bounds that the customer exceeds. What a person decided, and what was"
        " verified, may go on to exceed them."
    )
    merged_into: UUID | None = Field(description="The customer in whom it goes on; null if none.")
    split_into: int = Field(description="How many new customers are made of its identifiers.")
    moved: int = Field(description="How many of its identifiers go to another customer.")
    quarantined: int = Field(description="How many of them find nobody any more.")
    dropped: int = Field(description="How many of them are beyond what it may have.")
    recovered: int = Field(description="How many it gets that were in quarantine.")


class EffectList(ResponseModel, title="RulesEffects"):
    """A page of what a run found or did."""

    items: list[EffectBody] = Field(description="Customers, in the order of their ids.")
    next: str | None = Field(description="The cursor of the next page; null on the last one.")
