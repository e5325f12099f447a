"""Which of the customers that a request matches are one person. Looks only; changes nothing."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from uuid import UUID

from identity.customers.domain.customers import Customer, contradict, strong_values
from identity.customers.domain.identifiers import DropReason, Identifier, Level
from identity.resolution.domain.roster import Roster


@dataclass(frozen=True, slots=True)
class Rules:
    """What a tenant allows the engine."""

    max_identifiers: int = 200
    max_attributes: int = 100
    """No customer holds more of either; a merge that would is refused. Both bound the size of the
    events that tell a whole customer."""


@dataclass(frozen=True, slots=True)
class Match:
    """A customer, and the identifiers of the request that it holds."""

    customer: Customer
    presented: tuple[Identifier, ...]

    @property
    def level(self) -> Level:
        """How well the sender proved to be this customer.

        Once a customer holds verified identifiers, a link that was only claimed proves no more than
        a claim, whoever owns its far end: or anybody could claim his way in and then prove himself.
        """
        shown = (one.level for one in self.presented)
        if not self.customer.holds_verified:
            return max(shown)
        held = (self.customer.identifiers[one.key].level for one in self.presented)
        return max(map(min, shown, held))

    @property
    def may_be_joined(self) -> bool:
        """Whoever joins a customer with verified identifiers has to be verified as it."""
        return self.level is Level.VERIFIED or not self.customer.holds_verified

    @property
    def rank(self) -> tuple[int, tuple[int, datetime, UUID]]:
        """The smallest rank is who the request is about."""
        return (-self.level, self.customer.survivor_rank)


@dataclass(frozen=True, slots=True)
class Cluster:
    """The matched customers that are one person, and why the other ones are not."""

    members: tuple[Match, ...]
    refused: Mapping[UUID, DropReason]

    @property
    def survivor(self) -> Customer:
        return min((match.customer for match in self.members), key=lambda who: who.survivor_rank)

    @property
    def attribute_names(self) -> frozenset[str]:
        """All attributes that the members hold."""
        return frozenset(chain.from_iterable(one.customer.attributes for one in self.members))

    @property
    def guarded(self) -> bool:
        """Whether the sender is less well proved than what the customer already holds."""
        holds_verified = any(match.customer.holds_verified for match in self.members)
        return holds_verified and max(match.level for match in self.members) < Level.VERIFIED


def match(roster: Roster, presented: Iterable[Identifier]) -> tuple[Match, ...]:
    """Return the customers that hold any of these identifiers, each with those it holds."""
    held: defaultdict[UUID, list[Identifier]] = defaultdict(list)
    owners: dict[UUID, Customer] = {}
    for identifier in presented:
        owner = roster.owner(identifier.key)
        if owner is not None:
            owners[owner.id] = owner
            held[owner.id].append(identifier)
    return tuple(Match(owners[owner_id], tuple(which)) for owner_id, which in held.items())


def choose_cluster(
    matches: Sequence[Match], presented: Sequence[Identifier], rules: Rules
) -> Cluster:
    """Decide which matched customers are one, whatever order the identifiers came in."""
    proofs = strong_values(presented)
    refused = {
        one.customer.id: DropReason.CONFLICTING_STRONG_IDENTIFIERS
        for one in matches
        if _is_somebody_else(one.customer, proofs)
    }
    members: list[Match] = []
    for candidate in sorted(matches, key=lambda one: one.rank):
        if candidate.customer.id in refused:
            continue
        objection = _objection(members, candidate, rules) if members else None
        if objection is None:
            members.append(candidate)
        else:
            refused[candidate.customer.id] = objection
    return Cluster(tuple(members), refused)


def _is_somebody_else(customer: Customer, proofs: Mapping[tuple[str, str], set[str]]) -> bool:
    """The sender proved a customer number of a source in which this customer has another one.

    Then a shared mailbox or device is just that: shared.
    """
    verified = strong_values(customer.identifiers.values())
    for (kind, scope), values in proofs.items():
        held = {key.value for key in customer.identifiers if (key.type, key.scope) == (kind, scope)}
        if (kind, scope) in verified and not held & values:
            return True
    return False


def _objection(members: Sequence[Match], candidate: Match, rules: Rules) -> DropReason | None:
    if candidate.level is Level.CLAIMED:
        return DropReason.CLAIMED_ELSEWHERE
    if not all(one.may_be_joined for one in (*members, candidate)):
        return DropReason.NEEDS_VERIFICATION
    return _flaw_of_result((*members, candidate), rules)


def _flaw_of_result(union: Sequence[Match], rules: Rules) -> DropReason | None:
    """Say what would be wrong with the customer that these would make together."""
    held = chain.from_iterable(one.customer.identifiers.values() for one in union)
    shown = chain.from_iterable(one.presented for one in union)
    if contradict(chain(held, shown)):
        return DropReason.CONFLICTING_STRONG_IDENTIFIERS
    if sum(len(one.customer.identifiers) for one in union) > rules.max_identifiers:
        return DropReason.TOO_MANY_IDENTIFIERS
    names = set(chain.from_iterable(one.customer.attributes for one in union))
    return DropReason.TOO_MANY_ATTRIBUTES if len(names) > rules.max_attributes else None
