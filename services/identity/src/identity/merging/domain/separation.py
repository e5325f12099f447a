"""The links that keep identifiers of one customer apart, as few as it takes.

Each is as strong as the decision that it carries out, and lasts as long. What is not linked today
may therefore be linked by later evidence: a number that changes hands still does.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations

from identifiers import IdentifierKey
from identity.customers.domain.customers import CustomerLimits
from identity.customers.domain.identifiers import Identifier
from identity.customers.domain.type_rules import Rank
from identity.resolution.domain.components import Component
from identity.resolution.domain.graph.evidence import Link, LinkId, Rule
from identity.resolution.domain.graph.partition import divide

Sides = Sequence[AbstractSet[IdentifierKey]]


@dataclass(frozen=True, slots=True)
class Separation:
    """Identifiers to keep apart: those of one customer, and what they are connected with.

    ``is_whole``: each side stays together, too, also if only the others connect it.
    """

    identifiers: Mapping[IdentifierKey, Identifier]
    component: Component
    sides: Sides
    limits: CustomerLimits
    released: AbstractSet[IdentifierKey] = frozenset()
    shared: AbstractSet[IdentifierKey] = frozenset()
    is_whole: bool = False

    def links(self, *, now: datetime) -> tuple[LinkId, ...]:
        """Return the links that separate the sides, sorted."""
        chosen = {*self._between_the_best(), *self._between_the_linked()}
        while True:
            links = [*self.component.links, *(Link(each, now, now) for each in chosen)]
            partition = divide(
                self.component.identifiers,
                links,
                self.limits,
                released=self.released,
                shared=self.shared,
            )
            more = {link for keys in partition.clusters for link in self._across(keys)}
            more |= set(self._ties(partition.clusters)) - chosen
            if more <= chosen:
                return tuple(sorted(chosen))
            chosen |= more

    def side_of(self, key: IdentifierKey) -> int | None:
        """Return the place of the side that an identifier is on, None if it is on neither."""
        return next((place for place, side in enumerate(self.sides) if key in side), None)

    def _between_the_best(self) -> Iterator[LinkId]:
        best = [self._best(side) for side in self.sides if side]
        for one, other in combinations(best, 2):
            yield LinkId.of(one, other, Rule.CANNOT_LINK)

    def _between_the_linked(self) -> Iterator[LinkId]:
        for link in self.component.links:
            across = self._across(link.id[:2])
            yield from (each for each in across if each.rule is Rule.CANNOT_LINK)

    def _across(self, keys: Sequence[IdentifierKey]) -> Iterator[LinkId]:
        """Yield what keeps those of the keys apart that are on different sides.

        A device that persons share is bound to its own side instead, so that it can change hands.
        """
        placed = [(key, side) for key in keys if (side := self.side_of(key)) is not None]
        for (one, one_side), (other, other_side) in combinations(placed, 2):
            if one_side == other_side:
                continue
            bonds = [
                LinkId.of(key, anchor, Rule.MUST_LINK)
                for key, side in ((one, one_side), (other, other_side))
                if (anchor := self._anchor(key, side)) is not None
            ]
            yield from bonds or [LinkId.of(one, other, Rule.CANNOT_LINK)]

    def _anchor(self, key: IdentifierKey, side: int) -> IdentifierKey | None:
        """Return the person's identifier to which a device is bound, None for anything else."""
        if self.limits.types.rank(key.type) is not Rank.DEVICE:
            return None
        persons = [
            other
            for other in self.sides[side]
            if self.identifiers[other].is_proved
            and self.limits.types.rank(other.type) is not Rank.DEVICE
        ]
        return self._best(persons) if persons else None

    def _ties(self, clusters: Iterable[Sequence[IdentifierKey]]) -> Iterator[LinkId]:
        """Yield what holds each side together."""
        if not self.is_whole:
            return
        for side in self.sides:
            pieces = [self._best(piece) for keys in clusters if (piece := side & set(keys))]
            for other in sorted(pieces)[1:]:
                yield LinkId.of(min(pieces), other, Rule.MUST_LINK)

    def _best(self, keys: Iterable[IdentifierKey]) -> IdentifierKey:
        return min(keys, key=lambda key: self.identifiers[key].strength(self.limits.types))
