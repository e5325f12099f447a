"""The bodies of requests about a customer's graph, and of their responses."""

from uuid import UUID

from pydantic import Field

from common.web.requests import JsonTime, RequestModel, ResponseModel, ShortText
from identity.customers.http.requested import IdentifierType, IdentifierValue, Region
from identity.customers.http.schemas import HeldIdentifier
from identity.customers.shown import SCOPE, TYPE, CanonicalId, ShownLevel


class ExplainedIdentifier(RequestModel):
    """One of the customer's identifiers, in any spelling."""

    type: IdentifierType = Field(description=TYPE)
    value: IdentifierValue = Field(description="The identifier in any spelling.")
    scope: ShortText | None = Field(default=None, description=SCOPE)


class ExplanationRequest(RequestModel):
    """Two different identifiers of the customer."""

    identifier: ExplainedIdentifier = Field(description="The first identifier.")
    other: ExplainedIdentifier = Field(description="The second identifier.")
    default_region: Region | None = Field(
        default=None,
        description="The country (ISO 3166) of telephone numbers without a country code; absent or"
        " null means the service's default.",
    )


class LinkResponse(ResponseModel, title="IdentifierLink"):
    """Evidence that two identifiers are one person's."""

    ends: list[int] = Field(
        min_length=2,
        max_length=2,
        description="The places of both identifiers in ``identifiers``, counted from 0.",
    )
    rule: str = Field(
        description="Why they are linked: ``together`` (a request proved both), ``alike``"
        " (their customers were alike in names, dates, addresses or contacts), ``must-link`` (a"
        " person decided it) or ``before-evidence`` (they were one customer's before evidence was"
        " kept)."
    )
    level: ShownLevel = Field(description="How well it is proved that both are one person's.")
    first_seen_at: JsonTime = Field(description="When both were first proved together.")
    last_seen_at: JsonTime = Field(description="When both were last proved together.")
    source: str | None = Field(
        description="The ``source`` of the request that first proved it; null if it named none."
    )


class GraphResponse(ResponseModel, title="CustomerGraph"):
    """A customer's identifiers, and the evidence that they are one person's.

    A claimed identifier has no links: it proves nothing about the others.
    """

    customer_id: CanonicalId
    requested_id: UUID = Field(description="The id in the request's path.")
    identifiers: list[HeldIdentifier] = Field(
        description="The customer's identifiers, sorted by type, scope and value."
    )
    links: list[LinkResponse] = Field(
        description="The links between them, sorted by their identifiers."
    )


class ExplanationResponse(ResponseModel, title="Explanation"):
    """What connects two identifiers of a customer, and what would separate them."""

    customer_id: CanonicalId
    identifiers: list[HeldIdentifier] = Field(
        description="The customer's identifiers, sorted by type, scope and value."
    )
    path: list[LinkResponse] | None = Field(
        description="The links that lead from ``identifier`` to ``other``: of all paths the one"
        " whose weakest link is strongest, then the shortest, then the oldest. Null if evidence"
        " does not connect the two, as with a claimed identifier."
    )
    cut: list[LinkResponse] = Field(
        description="The fewest links without which nothing connects the two; of several such sets"
        " the weakest. Empty if ``path`` is null."
    )
