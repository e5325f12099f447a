"""Which identifiers are one person's: a function of the evidence, in whatever order it arrived.

The links between identifiers are taken strongest first, and each unites two clusters unless
something speaks against it. Devices never unite persons: each goes to the person last proved on it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from identifiers import IdentifierKey
from identity.customers.domain.customers import CustomerLimits
from identity.customers.domain.identifiers import DropReason, Identifier, Level
from identity.customers.domain.type_rules import Rank, TypeRules
from identity.resolution.domain.graph.clusters import Cluster, reason_against
from identity.resolution.domain.graph.devices import place_devices
from identity.resolution.domain.graph.evidence import Link, LinkId, Rule
from identity.resolution.domain.graph.quarantine import suspects_among


@dataclass(frozen=True, slots=True)
class Partition:
    """The clusters of some identifiers, and why links between them do not unite them."""

    clusters: Sequence[Sequence[IdentifierKey]]
    """Sorted, each with its keys sorted."""
    refused: Mapping[LinkId, DropReason] = field(default_factory=dict)
    quarantined: AbstractSet[IdentifierKey] = frozenset()
    evicted: AbstractSet[IdentifierKey] = frozenset()
    """Devices beyond what a person may have: nobody's, until they are proved again."""


def divide(
    identifiers: Mapping[IdentifierKey, Identifier],
    links: Iterable[Link],
    limits: CustomerLimits,
    *,
    released: AbstractSet[IdentifierKey] = frozenset(),
    shared: AbstractSet[IdentifierKey] = frozenset(),
) -> Partition:
    """Return which of the ``identifiers`` are one person's.

    ``links`` are all those with an end among them; ``released`` are identifiers that a person took
    out of quarantine for good. ``shared`` are contact points of groups: only a person's decision
    unites them with others.
    """
    links = list(links)
    if not links:  # As with the first identifier of a customer.
        return Partition(sorted([key] for key in identifiers))
    suspects = suspects_among(identifiers, links, limits, released)
    usable = {key: item for key, item in identifiers.items() if key not in suspects.quarantined}
    refused: dict[LinkId, DropReason] = {}
    counting: list[Link] = []
    for link in links:
        is_doubtful = link.level < Level.VERIFIED and not (
            link.id.rule.binds or link.id.rule.is_decided
        )
        if link.id.low not in usable or link.id.high not in usable:
            continue
        if not link.id.rule.is_decided and not shared.isdisjoint(link.id[:2]):
            refused[link.id] = DropReason.SHARED
        elif is_doubtful and not suspects.only_verified.isdisjoint(link.id[:2]):
            refused[link.id] = DropReason.QUARANTINED
        else:
            counting.append(link)
    clusters = _unite(usable, counting, limits, refused)
    placed = place_devices(usable, clusters, counting, limits)
    refused.update(placed.refused)
    groups = [[*cluster.keys, *devices] for cluster, devices in placed.of_persons]
    groups += [list(devices) for devices in placed.of_nobody]
    return Partition(
        sorted(sorted(group) for group in groups), refused, suspects.quarantined, placed.evicted
    )


def _unite(
    identifiers: Mapping[IdentifierKey, Identifier],
    links: Sequence[Link],
    limits: CustomerLimits,
    refused: dict[LinkId, DropReason],
) -> dict[IdentifierKey, Cluster]:
    """Return the cluster of each identifier that is no device."""
    apart: defaultdict[IdentifierKey, set[IdentifierKey]] = defaultdict(set)
    for link in links:
        if link.id.rule is Rule.CANNOT_LINK:
            apart[link.id.low].add(link.id.high)
            apart[link.id.high].add(link.id.low)
    clusters = {
        key: Cluster.of(identifier, apart[key], limits.types)
        for key, identifier in identifiers.items()
        if limits.types.rank(key.type) is not Rank.DEVICE
    }
    uniting = (
        link
        for link in links
        if link.id.rule is not Rule.CANNOT_LINK
        and link.id.low in clusters
        and link.id.high in clusters
    )
    for link in sorted(uniting, key=lambda link: _precedence(link, limits.types)):
        one, other = clusters[link.id.low], clusters[link.id.high]
        if one is other:
            continue
        reason = reason_against(one, other, link, limits)
        if reason is not None:
            refused[link.id] = reason
            continue
        larger, smaller = (one, other) if len(one.keys) >= len(other.keys) else (other, one)
        larger.take(smaller)
        clusters.update(dict.fromkeys(smaller.keys, larger))
    return clusters


def _precedence(link: Link, types: TypeRules) -> tuple[Any, ...]:
    """Return the order in which links unite: decisions first, then what is better proved.

    Of verified links between own numbers and contact points the newest comes first: an address or
    a number that changed hands is with the person who verified it last. Of others that are proved
    alike, those of own numbers come first, which tell persons apart, then those of types of higher
    priority, then the older. Likeness comes last.
    """
    if link.id.rule.binds:
        return (0, link.id.rule is Rule.BEFORE_EVIDENCE, 0, 0.0, link.id)
    if link.id.rule is Rule.ALIKE:
        return (4, 0, 0, link.first_seen_at.timestamp(), link.id)
    low, high = types.of(link.id.low.type), types.of(link.id.high.type)
    if link.verified_at is not None and {low.rank, high.rank} == {
        Rank.OWN_NUMBER,
        Rank.CONTACT_POINT,
    }:
        return (1, 0, 0, -link.verified_at.timestamp(), link.id)
    return (
        2 if link.verified_at is not None else 3,
        min(low.rank, high.rank),
        -min(low.priority, high.priority),
        link.first_seen_at.timestamp(),
        link.id,
    )
