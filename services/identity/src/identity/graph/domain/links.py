"""A customer's identifiers as a graph, with the evidence that they are one person's as links."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from identifiers import IdentifierKey
from identity.customers.domain.identifiers import Identifier
from identity.customers.domain.type_rules import BUILT_IN_RULES
from identity.resolution.domain.graph.evidence import Link, Rule, links_among

Neighbours = Mapping[IdentifierKey, Sequence[Link]]


@dataclass(frozen=True, slots=True)
class CustomerGraph:
    """A customer's identifiers, sorted by key, and the links between them, sorted by id."""

    customer_id: UUID
    identifiers: tuple[Identifier, ...]
    links: tuple[Link, ...]


def build_graph(
    customer_id: UUID, identifiers: Iterable[Identifier], stored: Iterable[Link]
) -> CustomerGraph:
    """Return the graph, with the links that bind identifiers of before evidence was kept."""
    own = sorted(identifiers, key=lambda identifier: identifier.key)
    before = [each for each in own if each.is_proved and not each.has_evidence]
    links = {
        link.id: link for link in links_among(before, BUILT_IN_RULES, rule=Rule.BEFORE_EVIDENCE)
    }
    links |= {link.id: link for link in stored if link.id.rule is not Rule.CANNOT_LINK}
    return CustomerGraph(customer_id, tuple(own), tuple(links[each] for each in sorted(links)))


def strength(link: Link) -> int:
    """Return how much a link weighs: most if a person decided it, then by its level."""
    return 1 + max(type(link.level)) if link.id.rule is Rule.MUST_LINK else int(link.level)


def neighbours(links: Iterable[Link]) -> Neighbours:
    """Return the links of each key, in the order of their ids."""
    around: defaultdict[IdentifierKey, list[Link]] = defaultdict(list)
    for link in sorted(links, key=lambda link: link.id):
        around[link.id.low].append(link)
        around[link.id.high].append(link)
    return around


def distances(around: Neighbours, start: IdentifierKey) -> dict[IdentifierKey, int]:
    """Return how many links away each key is that links connect with ``start``."""
    away = {start: 0}
    waiting = [start]
    for key in waiting:
        for link in around.get(key, ()):
            other = link.other(key)
            if other not in away:
                away[other] = away[key] + 1
                waiting.append(other)
    return away
