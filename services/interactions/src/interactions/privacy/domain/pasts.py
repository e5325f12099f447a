"""The past of somebody who stays, without a person who was once one with them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from interactions.context.domain.profiles import Identifier, Profile, ProfileChange
from interactions.context.domain.versions import (
    Compaction,
    Version,
    compact,
    profile_of_versions,
)


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What is to be forgotten of a past: whatever names one of ``needles``, in lower case.

    So is all that was recorded until ``parted_at``, while the two were one; None if they never
    were.
    """

    needles: Collection[str]
    parted_at: datetime | None = None

    def names(self, identifier: Identifier) -> bool:
        text = f"{identifier.value} {identifier.raw or ''}".lower()
        return any(needle in text for needle in self.needles)

    def concerns(self, version: Version) -> bool:
        if self.parted_at is not None and version.at.recorded_at <= self.parted_at:
            return True
        return any(self.names(identifier) for identifier in _identifiers(version.content))


def forget(profile: Profile, forgotten: Forgotten) -> Profile:
    """Return the profile without claims on what is forgotten, and without what it has no longer."""
    live = {entry.identifier.key for entry in profile.live()}
    return replace(
        profile,
        entries={
            key: entry
            for key, entry in profile.entries.items()
            if key in live or not forgotten.names(entry.identifier)
        },
        claims={
            key: claim
            for key, claim in profile.claims.items()
            if not forgotten.names(claim.identifier)
        },
    )


def compact_past(versions: Sequence[Version], forgotten: Forgotten) -> Compaction | None:
    """Fold everything up to the last version concerned into a base; None if none is concerned.

    How the customer was before that is no longer known: it cannot be told from how the other was.
    """
    last = max((v.version for v in versions if forgotten.concerns(v)), default=None)
    if last is None:
        return None
    compaction = compact(versions, lambda version: version.version <= last)
    if compaction is None:  # There is nothing but a base up to there.
        compaction = Compaction(next(v for v in versions if isinstance(v.content, Profile)), ())
    profile = forget(profile_of_versions([compaction.base]) or Profile(), forgotten)
    return replace(compaction, base=replace(compaction.base, content=profile))


def _identifiers(content: ProfileChange | Profile) -> list[Identifier]:
    if isinstance(content, Profile):
        return [
            *(entry.identifier for entry in content.entries.values()),
            *(claim.identifier for claim in content.claims.values()),
        ]
    claimed = (claim.identifier for claim in content.claimed)
    return [*(content.snapshot or ()), *content.added, *content.removed, *claimed]
