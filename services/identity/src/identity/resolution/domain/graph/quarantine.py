"""Learned quarantine: what was proved together with too many others is nobody's in particular."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from identifiers import IdentifierKey
from identity.customers.domain.customers import CustomerLimits
from identity.customers.domain.identifiers import DropReason, Identifier, Level
from identity.customers.domain.type_rules import Cap, Rank, TypeRules
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
    released_at: datetime | None = None
    """When a person decided that it is somebody's after all."""

    @property
    def key(self) -> IdentifierKey:
        return self.identifier.key

    @property
    def is_released(self) -> bool:
        return self.released_at is not None

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
        if key not in identifiers or key in released:
            continue
        cap = _cap_of(key, limits)
        if not _exceeds(cap, around, limits.types):
            continue
        verified = [link for link in around if link.level is Level.VERIFIED]
        if identifiers[key].level is Level.VERIFIED and not _exceeds(cap, verified, limits.types):
            only_verified.add(key)
        else:
            quarantined.add(key)
    return Suspects(quarantined, only_verified)


def _cap_of(key: IdentifierKey, limits: CustomerLimits) -> Cap:
    rule = limits.types.of(key.type)
    if rule.neighbours is not None:
        return rule.neighbours
    factor = OWN_NUMBER_FACTOR if rule.rank is Rank.OWN_NUMBER else 1
    return Cap(limits.max_neighbours * factor)


class _Neighbour(NamedTuple):
    """What an identifier was proved together with."""

    key: IdentifierKey
    level: Level
    since: datetime


def _neighbours(links: Iterable[Link]) -> Mapping[IdentifierKey, Sequence[_Neighbour]]:
    neighbours: defaultdict[IdentifierKey, list[_Neighbour]] = defaultdict(list)
    for link in links:
        if link.id.rule is Rule.TOGETHER:
            for key in link.id[:2]:
                other = _Neighbour(link.other(key), link.level, link.first_seen_at)
                neighbours[key].append(other)
    return neighbours


def _exceeds(cap: Cap, neighbours: Iterable[_Neighbour], types: TypeRules) -> bool:
    """Return whether there are too many neighbours of one type and scope."""
    times: defaultdict[tuple[str, str], list[datetime]] = defaultdict(list)
    for neighbour in neighbours:
        if types.rank(neighbour.key.type) is not Rank.DEVICE:
            times[neighbour.key[:2]].append(neighbour.since)
    return any(cap.is_exceeded_by(since) for since in times.values())
