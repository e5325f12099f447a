"""Resolves requests on a roster: finds the customer or creates it, and adds what is new.

Requests are resolved in order, and each sees the changes of those before it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from common.errors import ErrorCode, FieldError, InvalidError, ServiceError
from identity.customers.domain.attributes import Json
from identity.customers.domain.changes import MergeCause
from identity.customers.domain.customers import CustomerLimits
from identity.customers.domain.identifiers import DroppedIdentifier, Identifier, Level
from identity.resolution.domain.admission import admit, drop
from identity.resolution.domain.clusters import Cluster, choose_cluster, match_customers
from identity.resolution.domain.requests import PreparedRequest
from identity.resolution.domain.roster import Roster

ENGINE = "engine"
MERGE_RULE = "proved-identifiers.v1"
MERGE_REASON = "proved to be one person"


class NobodyReason(StrEnum):
    """Why a request is about no customer."""

    NO_MATCH = "no_match"
    """It only looked up, and no customer has any of the identifiers."""
    NOTHING_USABLE = "nothing_usable"
    """All identifiers were dropped: whoever it is could not be found again."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """Who a request is about. Without a customer, ``reason`` says why."""

    customer_id: UUID | None
    reason: NobodyReason | None = None
    version: int | None = None
    created: bool = False
    linked: tuple[Identifier, ...] = ()
    """Identifiers that are new to the customer, or better proved than before."""
    merged: tuple[UUID, ...] = ()
    """Ids that this request redirects to the customer."""
    dropped: tuple[DroppedIdentifier, ...] = ()


ResolutionResult = Resolution | ServiceError


@dataclass(frozen=True, slots=True)
class Context:
    """What resolving needs besides the request: limits, the time and new ids."""

    limits: CustomerLimits
    now: datetime
    new_id: Callable[[], UUID]


def resolve_or_error(
    roster: Roster, request: PreparedRequest, context: Context
) -> ResolutionResult:
    """Resolve one request of a batch; an invalid one gets its error, and changes nothing."""
    try:
        return resolve(roster, request, context)
    except ServiceError as error:
        return error


def resolve(roster: Roster, request: PreparedRequest, context: Context) -> Resolution:
    """Resolve one request, and change the roster accordingly.

    Raises InvalidError, before anything changes, when the customer would have too many attributes.
    """
    if not request.identifiers:
        return Resolution(None, NobodyReason.NOTHING_USABLE, dropped=request.dropped)
    matches = match_customers(roster, request.identifiers)
    cluster = choose_cluster(matches, request.identifiers, context.limits)
    dropped = request.dropped + tuple(
        drop(identifier, cluster.refused[match.customer.id])
        for match in matches
        if match.customer.id in cluster.refused
        for identifier in match.presented
    )
    if not request.create:
        return _look_up(cluster, dropped)
    _check_attributes(cluster, request, context.limits)
    if not cluster.members:
        return _create(roster, request, context, dropped)
    return _update(roster, request, context, cluster, dropped)


def _look_up(cluster: Cluster, dropped: tuple[DroppedIdentifier, ...]) -> Resolution:
    if not cluster.members:
        return Resolution(None, NobodyReason.NO_MATCH, dropped=dropped)
    return Resolution(cluster.survivor.id, version=cluster.survivor.version, dropped=dropped)


def _check_attributes(cluster: Cluster, request: PreparedRequest, limits: CustomerLimits) -> None:
    names = cluster.attribute_names.union(item.name for item in request.observations)
    if request.observations and len(names) > limits.max_attributes:
        raise InvalidError(
            f"a customer can have at most {limits.max_attributes} attributes",
            errors=[FieldError("/attributes", ErrorCode.TOO_MANY, "too many for this customer")],
        )


def _create(
    roster: Roster,
    request: PreparedRequest,
    context: Context,
    dropped: tuple[DroppedIdentifier, ...],
) -> Resolution:
    unowned = [offer for offer in request.identifiers if roster.owner(offer.key) is None]
    admission = admit({}, unowned, context.limits)
    customer = roster.create(
        context.new_id(), admission.admitted, request.observations, now=context.now
    )
    return Resolution(
        customer.id,
        version=customer.version,
        created=True,
        linked=admission.admitted,
        dropped=dropped + admission.refused,
    )


def _update(
    roster: Roster,
    request: PreparedRequest,
    context: Context,
    cluster: Cluster,
    dropped: tuple[DroppedIdentifier, ...],
) -> Resolution:
    customer_id = cluster.survivor.id
    merged = _merge(roster, cluster, context)
    offered = _offered(roster, request, cluster)
    admission = admit(roster.get(customer_id).identifiers, offered, context.limits)
    for identifier in admission.admitted:
        roster.link(customer_id, identifier)
    roster.observe(customer_id, request.observations)
    return Resolution(
        customer_id,
        version=roster.get(customer_id).version,
        linked=admission.admitted,
        merged=merged,
        dropped=dropped + admission.refused,
    )


def _offered(roster: Roster, request: PreparedRequest, cluster: Cluster) -> list[Identifier]:
    """Return the identifiers that belong to the cluster or to no customer, at their level."""
    matched = {identifier.key for member in cluster.members for identifier in member.presented}
    offered = [
        identifier
        for identifier in request.identifiers
        if identifier.key in matched or roster.owner(identifier.key) is None
    ]
    if cluster.only_accepts_claims:
        return [replace(identifier, level=Level.CLAIMED) for identifier in offered]
    return offered


def _merge(roster: Roster, cluster: Cluster, context: Context) -> tuple[UUID, ...]:
    survivor_id = cluster.survivor.id
    member_ids = (member.customer.id for member in cluster.members)
    absorbed_ids = sorted(member_id for member_id in member_ids if member_id != survivor_id)
    if not absorbed_ids:
        return ()
    cause = MergeCause(MERGE_REASON, MERGE_RULE, ENGINE, _evidence(cluster))
    merge = roster.merge(survivor_id, absorbed_ids, merge_id=context.new_id(), cause=cause)
    return merge.absorbed_ids


def _evidence(cluster: Cluster) -> tuple[Mapping[str, Json], ...]:
    """Return which identifier of the request proved which customer."""
    presented = [
        (member.customer.id, identifier)
        for member in cluster.members
        for identifier in member.presented
    ]
    return tuple(
        {
            "customer_id": str(customer_id),
            "type": identifier.key.type,
            "scope": identifier.key.scope or None,
            "value": identifier.key.value,
            "level": identifier.level.label,
        }
        for customer_id, identifier in sorted(presented, key=lambda pair: pair[1].key)
        if identifier.level > Level.CLAIMED
    )
