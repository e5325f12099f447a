"""A customer's identifiers as a graph: links say which of them were proved together."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from identifiers import IdentifierKey
from identity.customers.domain.identifiers import Level


@dataclass(frozen=True, slots=True)
class GraphLink:
    """Evidence that two identifiers are one person's. ``low`` is the smaller key.

    Two identifiers may have several links, each by a ``rule`` of its own.
    """

    low: IdentifierKey
    high: IdentifierKey
    rule: str
    level: Level
    first_seen_at: datetime
    last_seen_at: datetime
    source: str | None = None

    @property
    def id(self) -> tuple[IdentifierKey, IdentifierKey, str]:
        return self.low, self.high, self.rule

    def other(self, key: IdentifierKey) -> IdentifierKey:
        """Return the key at the other end."""
        return self.high if key == self.low else self.low


Neighbours = Mapping[IdentifierKey, Sequence[GraphLink]]


def neighbours(links: Iterable[GraphLink]) -> Neighbours:
    """Return the links of each key, in the order of their ids."""
    around: defaultdict[IdentifierKey, list[GraphLink]] = defaultdict(list)
    for link in sorted(links, key=lambda link: link.id):
        around[link.low].append(link)
        around[link.high].append(link)
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
