"""A customer's profile over time: what each version changed, and one base for the oldest."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from interactions.context.domain.aliases import Moment
from interactions.context.domain.profiles import Profile, ProfileChange, fold

MOST_VERSIONS = 500
"""Versions of one customer that are kept beside the base; up to twice as many before a cut."""


@dataclass(frozen=True, slots=True)
class Version:
    """What one version changed; a base is the profile that all versions up to it gave."""

    version: int
    at: Moment
    content: ProfileChange | Profile


@dataclass(frozen=True, slots=True)
class Compaction:
    """The base that replaces the versions ``gone``."""

    base: Version
    gone: tuple[int, ...]


def profile_of_versions(versions: Sequence[Version]) -> Profile | None:
    """Return the profile that these versions give; None without a version."""
    if not versions:
        return None
    bases = [each.content for each in versions if isinstance(each.content, Profile)]
    changes = [each.content for each in versions if isinstance(each.content, ProfileChange)]
    return fold(max(bases, key=lambda base: base.version, default=Profile()), changes)


def older_than(moment: datetime) -> Callable[[Version], bool]:
    """Return whether a version was recorded before a moment, as a condition."""
    return lambda version: version.at.recorded_at < moment


def at_most(version: int) -> Callable[[Version], bool]:
    """Return whether a version is at most this one, as a condition."""
    return lambda each: each.version <= version


def compact(versions: Sequence[Version], aged: Callable[[Version], bool]) -> Compaction | None:
    """Fold the versions that have aged into one base; None if that would replace only itself."""
    old = [each for each in versions if aged(each) or isinstance(each.content, Profile)]
    profile = profile_of_versions(old)
    if profile is None or all(isinstance(each.content, Profile) for each in old):
        return None
    at = Moment(max(each.at.occurred_at for each in old), max(each.at.recorded_at for each in old))
    last = max(each.version for each in old)
    gone = tuple(each.version for each in old if each.version != last)
    return Compaction(Version(last, at, profile), gone)


def needs_cut(before: int, after: int) -> bool:
    """Return whether a customer's versions have grown past a multiple of what is kept."""
    return before // MOST_VERSIONS != after // MOST_VERSIONS
