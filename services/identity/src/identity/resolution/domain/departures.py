"""Attribute values leave a customer with identifiers that turned out to be another's."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from identifiers import IdentifierKey
from identity.customers.domain.attributes import (
    AttributeValue,
    Version,
    carrier_of,
    merge_attributes,
    newest,
    strongest,
)
from identity.customers.domain.customers import Customer
from identity.customers.domain.identifiers import Level
from identity.customers.domain.type_rules import Rank, TypeRules
from identity.customers.domain.versions import Departure, Share
from identity.resolution.domain.graph.evidence import Link, Rule
from identity.resolution.domain.roster import Roster


@dataclass(frozen=True, slots=True)
class Leave:
    """An identifier that is the customer's ``to_id`` now.

    What it carried before ``since`` stays, because it changed hands then; None if it never was the
    former customer's.
    """

    to_id: UUID
    since: datetime | None = None


def handed_over_at(
    key: IdentifierKey,
    links: Iterable[Link],
    *,
    former: Iterable[IdentifierKey],
    present: Iterable[IdentifierKey],
    types: TypeRules,
) -> datetime | None:
    """Return since when an identifier is with those of ``present`` rather than of ``former``.

    Devices change hands, and so do contact points that both persons verified. None if no such link
    connects it with those of ``former``.
    """
    own = [link for link in links if link.id.rule is Rule.TOGETHER and key in link.id[:2]]
    former, present = frozenset(former), frozenset(present)
    is_device = types.rank(key.type) is Rank.DEVICE
    held = [
        link.verified_at if link.verified_at and not is_device else link.last_seen_at
        for link in own
        if link.other(key) in former and (is_device or link.level is Level.VERIFIED)
    ]
    gained = [link.first_seen_at for link in own if link.other(key) in present]
    return max([*held, min(gained, default=held[0])]) if held else None


def follow(
    roster: Roster,
    source_id: UUID,
    leaves: Mapping[IdentifierKey, Leave],
    *,
    max_attributes: int,
    restored: Mapping[UUID, UUID] | None = None,
) -> None:
    """Have values go with the identifiers that carried them away from the customer ``source_id``.

    Each customer has afterwards what its own senders reported. ``restored`` are ids that led to the
    source, with the customers to whom they lead again: what was reported for them goes there.
    Raises VersionsNotLoadedError if the roster lacks what was reported for the source.
    """
    restored = restored or {}
    source = roster.get(source_id)
    versions = roster.versions.of(source)
    gone_with = {carrier_of(key): leave for key, leave in leaves.items()}
    own = frozenset(map(carrier_of, source.identifiers))
    shares = {
        carriers: _shares(carriers, gone_with, own)
        for carriers in {version.value.carriers for version in versions}
    }
    leaving: defaultdict[UUID, list[Version]] = defaultdict(list)
    staying: list[Version] = []
    for version in versions:
        to_id = restored.get(version.origin_id) or _destination(version, shares)
        (staying if to_id is None else leaving[to_id]).append(version)
    if not leaving:
        return
    origins = {source.id, *source.merged_ids} - restored.keys()
    parts = tuple(share for key in sorted(shares) for share in shares[key])
    roster.depart(Departure(tuple(sorted(origins)), parts), leaving)
    roster.revise(source_id, _remaining(source, leaving, staying))
    for to_id, gone in sorted(leaving.items()):
        gained = merge_attributes(roster.get(to_id).attributes, strongest(gone))
        roster.revise(to_id, newest(gained, max_attributes))


def _shares(
    carriers: tuple[str, ...], gone_with: Mapping[str, Leave], own: AbstractSet[str]
) -> list[Share]:
    """Return to whom values of these carriers go: to the customer of the strongest one."""
    shares: list[Share] = []
    until: datetime | None = None
    for carrier in carriers:
        leave = gone_with.get(carrier)
        if leave is not None:
            shares.append(Share(carriers, leave.to_id, leave.since, until))
            if leave.since is None:
                break
            until = leave.since if until is None else min(until, leave.since)
        elif carrier in own:
            break
    return shares


def _destination(
    version: Version, shares: Mapping[tuple[str, ...], Sequence[Share]]
) -> UUID | None:
    for share in shares[version.value.carriers]:
        if share.holds(version.value.observed_at):
            return share.to_id
    return None


def _remaining(
    source: Customer,
    leaving: Mapping[UUID, Sequence[Version]],
    staying: Iterable[Version],
) -> dict[str, AttributeValue]:
    """Return the attributes that the source goes on with; others than those that left stay."""
    names = {version.name for versions in leaving.values() for version in versions}
    remaining = {name: value for name, value in source.attributes.items() if name not in names}
    return remaining | strongest(version for version in staying if version.name in names)
