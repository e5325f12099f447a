"""Devices: each is with the person who was last proved on it, and joins nobody."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from identifiers import IdentifierKey
from identity.customers.domain.customers import CustomerLimits
from identity.customers.domain.identifiers import DropReason, Identifier
from identity.customers.domain.type_rules import Rank, TypeRules
from identity.resolution.domain.graph.clusters import Cluster
from identity.resolution.domain.graph.evidence import Link, LinkId, Rule


@dataclass(frozen=True, slots=True)
class PlacedDevices:
    """Whose each device is."""

    of_persons: Sequence[tuple[Cluster, Sequence[IdentifierKey]]]
    of_nobody: Sequence[Sequence[IdentifierKey]]
    """Devices of visitors of whom nothing else is known, by visitor."""
    evicted: AbstractSet[IdentifierKey]
    refused: Mapping[LinkId, DropReason]


@dataclass(slots=True, eq=False)
class _Group:
    """Devices that go together, and the person whose they are."""

    keys: list[IdentifierKey]
    person: Cluster | None
    last_seen_at: datetime


def place_devices(
    identifiers: Mapping[IdentifierKey, Identifier],
    clusters: Mapping[IdentifierKey, Cluster],
    links: Sequence[Link],
    limits: CustomerLimits,
) -> PlacedDevices:
    """Return whose the devices among ``identifiers`` are."""
    groups = {
        key: _Group([key], None, identifier.first_seen_at)
        for key, identifier in identifiers.items()
        if limits.types.rank(identifier.key.type) is Rank.DEVICE
    }
    newest_first = sorted(
        (
            link
            for link in links
            if link.id.rule is not Rule.CANNOT_LINK
            and (link.id.low in groups or link.id.high in groups)
        ),
        key=lambda link: (-link.last_seen_at.timestamp(), link.id),
    )
    refused: dict[LinkId, DropReason] = {}
    for link in newest_first:
        if link.id.low in groups and link.id.high in groups:
            continue
        device, key = link.id[:2] if link.id.low in groups else (link.id.high, link.id.low)
        group, person = groups[device], clusters[key]
        if device in person.apart:
            refused[link.id] = DropReason.KEPT_APART
        elif group.person is None:
            group.person, group.last_seen_at = person, link.last_seen_at
        elif group.person is not person:
            refused[link.id] = DropReason.HELD_ELSEWHERE
    for link in newest_first:
        if link.id.low in groups and link.id.high in groups:
            _unite(groups, link, refused)
    return _placed(groups, clusters, refused, identifiers=identifiers, limits=limits)


def _unite(
    groups: dict[IdentifierKey, _Group], link: Link, refused: dict[LinkId, DropReason]
) -> None:
    """Unite two groups of devices, unless they are two persons'."""
    one, other = groups[link.id.low], groups[link.id.high]
    if one is other or (one.person is other.person and one.person is not None):
        return
    if one.person is not None and other.person is not None:
        refused[link.id] = DropReason.HELD_ELSEWHERE
        return
    one.keys += other.keys
    one.person = one.person or other.person
    one.last_seen_at = max(one.last_seen_at, other.last_seen_at)
    groups.update(dict.fromkeys(other.keys, one))


def _placed(
    groups: Mapping[IdentifierKey, _Group],
    clusters: Mapping[IdentifierKey, Cluster],
    refused: Mapping[LinkId, DropReason],
    *,
    identifiers: Mapping[IdentifierKey, Identifier],
    limits: CustomerLimits,
) -> PlacedDevices:
    """Return the groups by person; of those beyond a limit, the longest unseen are evicted."""
    of_person: defaultdict[int, list[_Group]] = defaultdict(list)
    of_nobody: list[_Group] = []
    for group in {id(group): group for group in groups.values()}.values():
        if group.person is None:
            of_nobody.append(group)
        else:
            of_person[id(group.person)].append(group)
    evicted: set[IdentifierKey] = set()
    placed: list[tuple[Cluster, list[IdentifierKey]]] = []
    for person in {id(cluster): cluster for cluster in clusters.values()}.values():
        devices = _by_last_sight(of_person[id(person)])
        room = max(0, limits.max_identifiers - len(person.keys))
        kept = _within_caps(devices, identifiers, limits.types)[:room]
        placed.append((person, kept))
        evicted.update(set(devices) - set(kept))
    visitors: list[list[IdentifierKey]] = []
    for group in of_nobody:
        devices = sorted(group.keys)
        kept = _within_caps(devices, identifiers, limits.types)[: limits.max_identifiers]
        visitors.append(kept)
        evicted.update(set(devices) - set(kept))
    return PlacedDevices(placed, visitors, evicted, refused)


def _within_caps(
    devices: Sequence[IdentifierKey],
    identifiers: Mapping[IdentifierKey, Identifier],
    types: TypeRules,
) -> list[IdentifierKey]:
    """Return the devices in their order without those beyond what their type allows."""
    kept: list[IdentifierKey] = []
    times: defaultdict[str, list[datetime]] = defaultdict(list)
    for device in devices:
        cap, seen = types.of(device.type).values, times[device.type]
        at = identifiers[device].first_seen_at
        if cap is None or not cap.is_exceeded_by([*seen, at]):
            seen.append(at)
            kept.append(device)
    return kept


def _by_last_sight(groups: Sequence[_Group]) -> list[IdentifierKey]:
    ordered = sorted(
        groups, key=lambda group: (-group.last_seen_at.timestamp(), sorted(group.keys))
    )
    return [key for group in ordered for key in sorted(group.keys)]
