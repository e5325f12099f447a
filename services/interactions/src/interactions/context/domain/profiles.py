"""Our copy of a customer, folded from identity's events; their order does not change the result.

The attributes of the latest version win. So does, for each identifier, the latest version that
mentions it. A snapshot (created, merged, unmerged) lists all identifiers, so an older one that it
does not list is gone. Claims are kept apart: what a customer says is its own is not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Identifier:
    type: str
    value: str
    scope: str | None = None
    raw: str | None = None
    level: str = "claimed"

    @property
    def key(self) -> str:
        """Type, scope and normalised value: two mentions with the same key are one identifier."""
        return "\x1f".join((self.type, self.scope or "", self.value))


@dataclass(frozen=True, slots=True)
class Entry:
    """One identifier as of the latest version that mentions it."""

    identifier: Identifier
    version: int
    live: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """An identifier that the customer claims, while it is that of ``held_by``."""

    identifier: Identifier
    held_by: UUID
    claimed_at: datetime
    expires_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class ProfileChange:
    """One event about one customer, reduced to the fields that the fold needs.

    ``snapshot`` lists all identifiers after the change; ``added`` and ``removed`` are single steps.
    """

    version: int
    attributes: Mapping[str, Any] | None = None
    snapshot: tuple[Identifier, ...] | None = None
    added: tuple[Identifier, ...] = ()
    removed: tuple[Identifier, ...] = ()
    claimed: tuple[Claim, ...] = ()
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    attributes: Mapping[str, Any] = field(default_factory=dict)
    attributes_version: int = 0
    entries: Mapping[str, Entry] = field(default_factory=dict)
    claims: Mapping[str, Claim] = field(default_factory=dict)
    snapshot_version: int = 0
    version: int = 0
    created_at: datetime | None = None

    def live(self) -> tuple[Entry, ...]:
        """Return the identifiers that the customer has now, in a stable order."""
        return tuple(
            entry
            for _, entry in sorted(self.entries.items())
            if entry.live and entry.version >= self.snapshot_version
        )

    def live_claims(self) -> tuple[Claim, ...]:
        """Return the claims on identifiers that the customer does not have, in a stable order."""
        own = {entry.identifier.key for entry in self.live()}
        return tuple(claim for key, claim in sorted(self.claims.items()) if key not in own)


def fold(profile: Profile, changes: Sequence[ProfileChange]) -> Profile:
    """Return the profile after ``changes``, which may be old, repeated or out of order."""
    for change in changes:
        profile = _fold_one(profile, change)
    return profile


def _fold_one(profile: Profile, change: ProfileChange) -> Profile:
    entries = dict(profile.entries)
    for identifier in (*(change.snapshot or ()), *change.added):
        _mention(entries, identifier, version=change.version, live=True)
    for identifier in change.removed:
        _mention(entries, identifier, version=change.version, live=False)
    claims = dict(profile.claims)
    for claim in change.claimed:
        known = claims.get(claim.identifier.key)
        if known is None or claim.version > known.version:
            claims[claim.identifier.key] = claim
    profile = replace(
        profile,
        entries=entries,
        claims=claims,
        version=max(profile.version, change.version),
        created_at=profile.created_at or change.created_at,
    )
    if change.snapshot is not None:
        latest = max(profile.snapshot_version, change.version)
        profile = replace(profile, snapshot_version=latest)
    if change.attributes is not None and change.version > profile.attributes_version:
        profile = replace(
            profile, attributes=dict(change.attributes), attributes_version=change.version
        )
    return profile


def _mention(
    entries: dict[str, Entry], identifier: Identifier, *, version: int, live: bool
) -> None:
    entry = entries.get(identifier.key)
    if entry is None or version > entry.version:
        entries[identifier.key] = Entry(identifier, version, live)
