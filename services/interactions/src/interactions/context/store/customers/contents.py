"""Profiles, and single changes of them, as the JSON in which they are stored."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from common.messaging import rfc3339
from interactions.context.domain.profiles import Claim, Entry, Identifier, Profile, ProfileChange


def shown_identifier(identifier: Identifier) -> dict[str, Any]:
    """Return an identifier as ``ShownIdentifier`` describes it."""
    return {
        "type": identifier.type,
        "value": identifier.value,
        "scope": identifier.scope,
        "level": identifier.level,
    }


def profile_content(profile: Profile) -> dict[str, Any]:
    """Return everything that the fold needs to go on from a profile."""
    return {
        "attributes": profile.attributes,
        "attributes_version": profile.attributes_version,
        "entries": [_entry(entry) for entry in profile.entries.values()],
        "claims": [_claim(claim) for claim in profile.claims.values()],
        "snapshot_version": profile.snapshot_version,
        "version": profile.version,
        "created_at": profile.created_at,
    }


def profile_of(content: Mapping[str, Any]) -> Profile:
    """Return the profile that ``profile_content`` described; times may be text."""
    entries = [
        Entry(_identifier_of(stored), stored["version"], stored["live"])
        for stored in content["entries"]
    ]
    claims = [_claim_of(stored) for stored in content["claims"]]
    return Profile(
        attributes=content["attributes"],
        attributes_version=content["attributes_version"],
        entries={entry.identifier.key: entry for entry in entries},
        claims={claim.identifier.key: claim for claim in claims},
        snapshot_version=content["snapshot_version"],
        version=content["version"],
        created_at=_time(content["created_at"]),
    )


def change_content(change: ProfileChange) -> dict[str, Any]:
    """Return a change without its version; what it does not concern is left out."""
    content: dict[str, Any] = {
        "attributes": change.attributes,
        "snapshot": None
        if change.snapshot is None
        else [_identifier(identifier) for identifier in change.snapshot],
        "added": [_identifier(identifier) for identifier in change.added],
        "removed": [_identifier(identifier) for identifier in change.removed],
        "claimed": [_claim(claim) for claim in change.claimed],
        "created_at": change.created_at and rfc3339(change.created_at),
    }
    return {
        name: value
        for name, value in content.items()
        if value or (value is not None and name in {"attributes", "snapshot"})
    }


def change_of(version: int, content: Mapping[str, Any]) -> ProfileChange:
    """Return the change that ``change_content`` described."""
    snapshot = content.get("snapshot")
    return ProfileChange(
        version=version,
        attributes=content.get("attributes"),
        snapshot=None if snapshot is None else tuple(_identifier_of(each) for each in snapshot),
        added=tuple(_identifier_of(each) for each in content.get("added", ())),
        removed=tuple(_identifier_of(each) for each in content.get("removed", ())),
        claimed=tuple(_claim_of(each) for each in content.get("claimed", ())),
        created_at=_time(content.get("created_at")),
    )


def _identifier(identifier: Identifier) -> dict[str, Any]:
    return {**shown_identifier(identifier), "raw": identifier.raw}


def _identifier_of(stored: Mapping[str, Any]) -> Identifier:
    names = ("type", "value", "scope", "raw", "level")
    return Identifier(**{name: stored[name] for name in names})


def _entry(entry: Entry) -> dict[str, Any]:
    return {**_identifier(entry.identifier), "version": entry.version, "live": entry.live}


def _claim(claim: Claim) -> dict[str, Any]:
    return {
        **_identifier(claim.identifier),
        "held_by": claim.held_by,
        "claimed_at": rfc3339(claim.claimed_at),
        "expires_at": rfc3339(claim.expires_at),
        "version": claim.version,
    }


def _claim_of(stored: Mapping[str, Any]) -> Claim:
    return Claim(
        identifier=_identifier_of(stored),
        held_by=UUID(str(stored["held_by"])),
        claimed_at=datetime.fromisoformat(stored["claimed_at"]),
        expires_at=datetime.fromisoformat(stored["expires_at"]),
        version=stored["version"],
    )


def _time(value: datetime | str | None) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else value
