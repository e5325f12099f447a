"""The identifiers that a change of evidence may concern, as far as they are on the roster."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from uuid import UUID

from identifiers import IdentifierKey
from identity.customers.domain.customers import Customer
from identity.customers.domain.identifiers import Identifier
from identity.customers.domain.type_rules import Rank, TypeRules
from identity.resolution.domain.graph.evidence import Link, Rule, links_among
from identity.resolution.domain.roster import Roster


@dataclass(frozen=True, slots=True)
class Component:
    """Identifiers that links connect, with everything that their customers have proved."""

    identifiers: Mapping[IdentifierKey, Identifier]
    links: list[Link]
    bound: frozenset[IdentifierKey]
    """Those that a decision binds to others, even if they are only claimed."""


def assume_links_from_before(roster: Roster, types: TypeRules) -> None:
    """Link what customers had before there was evidence: each stays who it is."""
    for customer_id in roster.customer_ids:
        before = [
            identifier
            for identifier in roster.get(customer_id).identifiers.values()
            if identifier.is_proved and not identifier.has_evidence
        ]
        for link in links_among(before, types, rule=Rule.BEFORE_EVIDENCE):
            roster.evidence.assume(link)


def keep_links_from_before(roster: Roster, *customer_ids: UUID, types: TypeRules) -> None:
    """Write down whose identifiers are whose before these customers change."""
    assume_links_from_before(roster, types)
    for customer_id in customer_ids:
        for identifier in roster.get(customer_id).identifiers.values():
            if not identifier.has_evidence:
                for link in roster.evidence.around(identifier.key):
                    roster.evidence.keep(link)
                roster.confirm(replace(identifier, has_evidence=True))


def component_of(
    roster: Roster, facts: Mapping[IdentifierKey, Identifier], types: TypeRules
) -> Component:
    """Return what the identifiers of ``facts`` are connected with.

    A device leads on to other persons only if it is one of ``facts``, or was reached from one
    through devices: whose the others are does not depend on these.
    """
    reached: dict[IdentifierKey, None] = dict.fromkeys(facts)
    waiting = list(facts)
    while waiting:
        key = waiting.pop()
        for other in _next_to(roster, key, facts):
            is_device = types.rank(other.type) is Rank.DEVICE
            if other not in reached and (not is_device or types.rank(key.type) is Rank.DEVICE):
                reached[other] = None
                waiting.append(other)
    customers: dict[UUID, Customer] = {}
    for key in reached:
        owner = roster.owner(key)
        if owner is not None:
            customers[owner.id] = owner
    stored = chain.from_iterable(customer.identifiers.values() for customer in customers.values())
    identifiers = {identifier.key: identifier for identifier in stored} | dict(facts)
    links = roster.evidence.among(identifiers)
    bound = frozenset(
        key for link in links if link.id.rule.binds for key in (link.id.low, link.id.high)
    )
    return Component(
        {key: item for key, item in identifiers.items() if item.is_proved or key in bound},
        links,
        bound,
    )


def _next_to(
    roster: Roster, key: IdentifierKey, facts: Mapping[IdentifierKey, Identifier]
) -> Iterator[IdentifierKey]:
    for link in roster.evidence.around(key):
        other = link.other(key)
        if other in facts or roster.owner(other) is not None:
            yield other
