"""Carries out on the roster what the engine or a person found: as evidence, for the partition.

An engine's merge is a link of rule ``alike``: it comes after all proofs, and later evidence that
speaks against it splits the customer again. A person's is a decision.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import product
from uuid import UUID

from identity.customers.domain.changes import MergeCause
from identity.customers.domain.customers import Customer, CustomerLimits
from identity.customers.domain.identifiers import Identifier
from identity.customers.domain.type_rules import Rank, TypeRules
from identity.resolution.domain.components import keep_links_from_before
from identity.resolution.domain.decisions import Decision, keys_of
from identity.resolution.domain.graph.clusters import cluster_of, reason_against
from identity.resolution.domain.graph.evidence import Link, LinkId, Rule
from identity.resolution.domain.roster import Roster

Apart = AbstractSet[tuple[UUID, UUID]]
"""Customers that persons keep apart, the smaller id first."""


class Obstacle(StrEnum):
    """Why two customers cannot become one; besides these, what speaks against any link."""

    KEPT_APART = "kept_apart"
    """A person decided that they are two people."""
    UNPROVED = "unproved"
    """One of them only claims its identifiers: likeness to somebody must not let it in."""
    TOO_LARGE = "too_large"


@dataclass(frozen=True, slots=True)
class Union:
    """Two customers, by any of their ids, that are one person, and why."""

    left_id: UUID
    right_id: UUID
    cause: MergeCause
    score: float | None = None
    """The probability by the model."""

    @property
    def pair(self) -> tuple[UUID, UUID]:
        return self.left_id, self.right_id


def unite_alike(
    roster: Roster,
    union: Union,
    apart: Apart,
    limits: CustomerLimits,
    *,
    merge_id: UUID,
    at: datetime,
) -> str | None:
    """Merge two customers that are alike; return why they stay two, None if they are one now."""
    left, right = roster.find(union.left_id), roster.find(union.right_id)
    if left is None or right is None:
        return Obstacle.UNPROVED
    if left.id == right.id:
        return None
    ends = _best_proof(roster, left, limits.types), _best_proof(roster, right, limits.types)
    if ends[0] is None or ends[1] is None:
        return Obstacle.UNPROVED
    link = Link(LinkId.of(ends[0].key, ends[1].key, Rule.ALIKE), at, at)
    obstacle = _obstacle(left, right, link, apart, limits)
    if obstacle is None:
        _keep_links_from_before(roster, left, right, types=limits.types)
        roster.evidence.add(link)
        survivor, absorbed = _by_rank(left, right, limits.types)
        roster.merge(survivor.id, [absorbed.id], merge_id=merge_id, cause=union.cause)
    return obstacle


def decide_same(
    roster: Roster, union: Union, apart: Apart, limits: CustomerLimits, *, decision_id: UUID,
    merge_id: UUID, now: datetime,
) -> Obstacle | None:  # fmt: skip
    """Merge two customers because a person decided so; return why not, None if they are one."""
    left, right = roster.find(union.left_id), roster.find(union.right_id)
    if left is None or right is None or left.id == right.id:
        return None
    if _are_apart(left, right, apart):
        return Obstacle.KEPT_APART
    if _is_too_large(left, right, limits):
        return Obstacle.TOO_LARGE
    _keep_links_from_before(roster, left, right, types=limits.types)
    survivor, absorbed = _by_rank(left, right, limits.types)
    decision = _decision(
        union, (survivor, absorbed), limits.types, decision_id=decision_id, merge_id=merge_id
    )
    roster.decide(decision, now=now)
    roster.merge(survivor.id, [absorbed.id], merge_id=merge_id, cause=union.cause)
    return None


def decide_different(
    roster: Roster, union: Union, types: TypeRules, *, decision_id: UUID, now: datetime
) -> bool:
    """Keep two customers apart because a person decided so; return False if they are one."""
    left, right = roster.find(union.left_id), roster.find(union.right_id)
    if left is None or right is None or left.id == right.id:
        return False
    decision = _decision(union, (left, right), types, decision_id=decision_id)
    roster.decide(decision, now=now)
    return True


def _decision(
    union: Union,
    customers: tuple[Customer, Customer],
    types: TypeRules,
    *,
    decision_id: UUID,
    merge_id: UUID | None = None,
) -> Decision:
    """Return the must-link that a merge carries out; without a merge, the cannot-link."""
    one, other = customers
    cause = union.cause
    return Decision(
        decision_id,
        Rule.MUST_LINK if merge_id else Rule.CANNOT_LINK,
        one.id,
        other.id,
        keys_of(one, other, types=types),
        cause.actor,
        cause.reason,
        merge_id=merge_id,
        basis=cause.rule,
        evidence=cause.evidence,
        score=union.score,
    )


def _by_rank(left: Customer, right: Customer, types: TypeRules) -> tuple[Customer, Customer]:
    """Return the one that survives a merge, and the other."""
    survivor, absorbed = sorted((left, right), key=lambda each: each.survivor_rank(types))
    return survivor, absorbed


def _obstacle(
    left: Customer, right: Customer, link: Link, apart: Apart, limits: CustomerLimits
) -> str | None:
    if _are_apart(left, right, apart):
        return Obstacle.KEPT_APART
    if _is_too_large(left, right, limits):
        return Obstacle.TOO_LARGE
    lefts, rights = (cluster_of(each.identifiers.values(), limits.types) for each in (left, right))
    return reason_against(lefts, rights, link, limits)


def _are_apart(left: Customer, right: Customer, apart: Apart) -> bool:
    if not apart:
        return False
    lefts, rights = ((each.id, *each.merged_ids) for each in (left, right))
    return any((min(pair), max(pair)) in apart for pair in product(lefts, rights))


def _is_too_large(left: Customer, right: Customer, limits: CustomerLimits) -> bool:
    return (
        len(left.identifiers) + len(right.identifiers) > limits.max_identifiers
        or len(left.attributes.keys() | right.attributes.keys()) > limits.max_attributes
    )


def _best_proof(roster: Roster, customer: Customer, types: TypeRules) -> Identifier | None:
    """Return the identifier that says best who the customer is, None if it has proved none.

    One that a group shares says nothing.
    """
    proved = (
        identifier
        for identifier in customer.identifiers.values()
        if identifier.is_proved
        and identifier.key not in roster.shared
        and types.rank(identifier.key.type) is not Rank.DEVICE
    )
    return min(proved, key=lambda identifier: identifier.strength(types), default=None)


def _keep_links_from_before(roster: Roster, *customers: Customer, types: TypeRules) -> None:
    old = [
        customer.id
        for customer in customers
        if not all(identifier.has_evidence for identifier in customer.identifiers.values())
    ]
    if old:
        keep_links_from_before(roster, *old, types=types)
