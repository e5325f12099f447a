"""Decides which of the customers that a request matches are one person. Changes nothing."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from uuid import UUID

from identity.customers.domain.customers import (
    Customer,
    CustomerLimits,
    prove_different_people,
    strong_values,
)
from identity.customers.domain.identifiers import DropReason, Identifier, Level
from identity.resolution.domain.roster import Roster


@dataclass(frozen=True, slots=True)
class Match:
    """A customer, and the identifiers of the request that lead to it."""

    customer: Customer
    presented: tuple[Identifier, ...]

    @property
    def level(self) -> Level:
        """How well the sender is proved to be this customer.

        If the customer has verified identifiers, a link that was only claimed counts as a claim
        however well the sender proves it: otherwise an attacker could gain access with a claim and
        then prove it.
        """
        presented_levels = (identifier.level for identifier in self.presented)
        if not self.customer.has_verified_identifier:
            return max(presented_levels)
        linked = self.customer.identifiers
        linked_levels = (linked[identifier.key].level for identifier in self.presented)
        return max(map(min, presented_levels, linked_levels))

    @property
    def may_be_merged(self) -> bool:
        """Only a verified sender may merge a customer that has verified identifiers."""
        return self.level is Level.VERIFIED or not self.customer.has_verified_identifier

    @property
    def rank(self) -> tuple[int, tuple[int, datetime, UUID]]:
        """The smallest rank is the customer that the request is about."""
        return (-self.level, self.customer.survivor_rank)


@dataclass(frozen=True, slots=True)
class Cluster:
    """The matched customers that are one person, and why each other one is not."""

    members: tuple[Match, ...]
    refused: Mapping[UUID, DropReason]

    @property
    def survivor(self) -> Customer:
        return min(
            (member.customer for member in self.members),
            key=lambda customer: customer.survivor_rank,
        )

    @property
    def attribute_names(self) -> frozenset[str]:
        """The names of all attributes that the members have."""
        return frozenset(chain.from_iterable(member.customer.attributes for member in self.members))

    @property
    def only_accepts_claims(self) -> bool:
        """Whether the sender is unverified and the customer has verified identifiers.

        Such a sender may add identifiers, but only as claims.
        """
        has_verified = any(member.customer.has_verified_identifier for member in self.members)
        return has_verified and max(member.level for member in self.members) < Level.VERIFIED


def match_customers(roster: Roster, presented: Iterable[Identifier]) -> tuple[Match, ...]:
    """Return each customer that holds some of these identifiers, with those it holds."""
    matched: defaultdict[UUID, list[Identifier]] = defaultdict(list)
    owners: dict[UUID, Customer] = {}
    for identifier in presented:
        owner = roster.owner(identifier.key)
        if owner is not None:
            owners[owner.id] = owner
            matched[owner.id].append(identifier)
    return tuple(
        Match(owners[owner_id], tuple(identifiers)) for owner_id, identifiers in matched.items()
    )


def choose_cluster(
    matches: Sequence[Match], presented: Sequence[Identifier], limits: CustomerLimits
) -> Cluster:
    """Decide which matched customers are one person, in whatever order identifiers came."""
    proofs = strong_values(presented)
    refused = {
        match.customer.id: DropReason.CONFLICTING_STRONG_IDENTIFIERS
        for match in matches
        if _is_another_person(match.customer, proofs)
    }
    members: list[Match] = []
    for candidate in sorted(matches, key=lambda match: match.rank):
        if candidate.customer.id in refused:
            continue
        reason = _reason_against_joining(members, candidate, limits) if members else None
        if reason is None:
            members.append(candidate)
        else:
            refused[candidate.customer.id] = reason
    return Cluster(tuple(members), refused)


def _is_another_person(customer: Customer, proofs: Mapping[tuple[str, str], set[str]]) -> bool:
    """Return whether the sender proved a customer number of a source and this customer has another.

    In that case the two only share the other identifier, such as a mailbox or a device.
    """
    verified = strong_values(customer.identifiers.values())
    for type_and_scope, values in proofs.items():
        own = {key.value for key in customer.identifiers if (key.type, key.scope) == type_and_scope}
        if type_and_scope in verified and not own & values:
            return True
    return False


def _reason_against_joining(
    members: Sequence[Match], candidate: Match, limits: CustomerLimits
) -> DropReason | None:
    union = (*members, candidate)
    if candidate.level is Level.CLAIMED:
        return DropReason.CLAIMED_ELSEWHERE
    if not all(match.may_be_merged for match in union):
        return DropReason.NEEDS_VERIFICATION
    return _reason_against_union(union, limits)


def _reason_against_union(union: Sequence[Match], limits: CustomerLimits) -> DropReason | None:
    """Return why these customers must not become one, or None."""
    linked = chain.from_iterable(match.customer.identifiers.values() for match in union)
    presented = chain.from_iterable(match.presented for match in union)
    if prove_different_people(chain(linked, presented)):
        return DropReason.CONFLICTING_STRONG_IDENTIFIERS
    if sum(len(match.customer.identifiers) for match in union) > limits.max_identifiers:
        return DropReason.TOO_MANY_IDENTIFIERS
    names = set(chain.from_iterable(match.customer.attributes for match in union))
    return DropReason.TOO_MANY_ATTRIBUTES if len(names) > limits.max_attributes else None
