"""Learned quarantine: what was proved together with too many others is nobody's in particular."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from identifiers import IdentifierKey
from identity.customers.domain.customers import CustomerLimits
from identity.customers.domain.identifiers import DropReason, Identifier, Level, Rank
from identity.resolution.domain.graph.evidence import Link, Rule

OWN_NUMBER_FACTOR = 5
"""How many times as many neighbours as a contact point an own number may have."""


@dataclass(frozen=True, slots=True)
class Quarantined:
    """An identifier that stopped matching, with the customer whose it was."""

    identifier: Identifier
    customer_id: UUID
    reason: DropReason
    since: datetime
    is_released: bool = False
    """A person decided that it is somebody's after all."""

    @property
    def key(self) -> IdentifierKey:
        return self.identifier.key

    def holds_for(self, level: Level) -> bool:
        """Return whether an identifier presented at this level is nobody's.

        A person who verifies an identifier that many only used gets it back; of one that many
        verified, nobody does.
        """
        return not self.is_released and (
            level < Level.VERIFIED or self.identifier.level is Level.VERIFIED
        )


class Suspects(NamedTuple):
    """Identifiers that many share."""

    quarantined: AbstractSet[IdentifierKey]
    """Nobody's: none of their links counts."""
    only_verified: AbstractSet[IdentifierKey]
    """Somebody verified them, so their verified links count, and no others.

    Otherwise anybody could take away a verified address by writing from it with many others.
    """


def suspects_among(
    identifiers: Mapping[IdentifierKey, Identifier],
    links: Iterable[Link],
    limits: CustomerLimits,
    released: AbstractSet[IdentifierKey],
) -> Suspects:
    """Return which identifiers have more neighbours of one type than one person has.

    Neighbours that are devices do not count. ``released`` were taken out of quarantine for good.
    """
    quarantined: set[IdentifierKey] = set()
    only_verified: set[IdentifierKey] = set()
    for key, around in _neighbours(links).items():
        most = limits.max_neighbours
        if Rank.of(key.type) is Rank.OWN_NUMBER:
            most *= OWN_NUMBER_FACTOR
        if key not in identifiers or key in released or _most_of_a_type(around) <= most:
            continue
        verified = [other for other, level in around.items() if level is Level.VERIFIED]
        if identifiers[key].level is Level.VERIFIED and _most_of_a_type(verified) <= most:
            only_verified.add(key)
        else:
            quarantined.add(key)
    return Suspects(quarantined, only_verified)


def _neighbours(links: Iterable[Link]) -> Mapping[IdentifierKey, Mapping[IdentifierKey, Level]]:
    neighbours: defaultdict[IdentifierKey, dict[IdentifierKey, Level]] = defaultdict(dict)
    for link in links:
        if link.id.rule is Rule.TOGETHER:
            neighbours[link.id.low][link.id.high] = link.level
            neighbours[link.id.high][link.id.low] = link.level
    return neighbours


def _most_of_a_type(keys: Iterable[IdentifierKey]) -> int:
    counts: defaultdict[tuple[str, str], int] = defaultdict(int)
    for key in keys:
        if Rank.of(key.type) is not Rank.DEVICE:
            counts[key.type, key.scope] += 1
    return max(counts.values(), default=0)
