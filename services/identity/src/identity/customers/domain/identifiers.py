"""Identifiers: their keys, how well they are proved, and why one may be dropped."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Self

from identifiers import IdentifierKey, UnusableReason
from identity.customers.domain.type_rules import Rank, TypeRules


class Level(IntEnum):
    """How well an identifier is proved. Compares by strength; stored and sent by its label."""

    CLAIMED = 0
    CHANNEL_PROVED = 1
    VERIFIED = 2

    @property
    def label(self) -> str:
        return _LABELS[self]

    @classmethod
    def parse(cls, label: str) -> "Level":
        """Return the level with that label. Raises KeyError for an unknown one."""
        return _BY_LABEL[label]


_LABELS = tuple(level.name.lower() for level in Level)
_BY_LABEL = dict(zip(_LABELS, Level, strict=True))


class DropReason(StrEnum):
    """Why an identifier of a request was not linked to the customer of its resolution."""

    BLOCKED = UnusableReason.BLOCKED
    UNPARSEABLE = UnusableReason.UNPARSEABLE
    TOO_LONG = UnusableReason.TOO_LONG
    SCOPE_MISSING = UnusableReason.SCOPE_MISSING
    REGION_MISSING = UnusableReason.REGION_MISSING
    SHORT_CODE = UnusableReason.SHORT_CODE
    SENDER_NAME = UnusableReason.SENDER_NAME
    SEVERAL = UnusableReason.SEVERAL
    CLAIMED_ELSEWHERE = "claimed_elsewhere"
    NEEDS_VERIFICATION = "needs_verification"
    CONFLICTING_STRONG_IDENTIFIERS = "conflicting_strong_identifiers"
    TOO_MANY_IDENTIFIERS = "too_many_identifiers"
    CONTRADICTING_BIRTH_DATES = "contradicting_birth_dates"
    KEPT_APART = "kept_apart"
    HELD_ELSEWHERE = "held_elsewhere"
    SHARED = "shared"
    QUARANTINED = "quarantined"
    ERASED = "erased"
    SUPPRESSED = "suppressed"

    @property
    def is_private(self) -> bool:
        """Whether the identifier is not repeated to anybody, nor written down with an answer."""
        return self in {DropReason.ERASED, DropReason.SUPPRESSED}


@dataclass(frozen=True, slots=True)
class PresentedIdentifier:
    """An identifier as the caller wrote it."""

    type: str
    value: str
    scope: str | None = None
    level: Level = Level.CLAIMED
    is_level_given: bool = True
    """False if the caller says nothing of the level."""


@dataclass(frozen=True, slots=True)
class Identifier:
    """A usable identifier: its key, its first spelling, and how well it is proved.

    ``presented`` is the identifier as a request has it; None if it is a stored one.
    """

    key: IdentifierKey
    raw: str
    level: Level
    source: str | None
    first_seen_at: datetime
    presented: PresentedIdentifier | None = field(default=None, compare=False)
    verified_at: datetime | None = None
    """When it was first verified."""
    birth_dates: frozenset[str] = frozenset()
    """The birth dates that its sender gave, each with the name that came with it."""
    verified_birth_dates: frozenset[str] = frozenset()
    """Those that were given together with a verification."""
    is_shared: bool = False
    """It is a contact point of a group, such as ``info@``."""
    has_evidence: bool = True
    """False for what was stored before evidence was: it is bound to its customer."""

    @property
    def is_proved(self) -> bool:
        return self.level > Level.CLAIMED

    def strength(self, types: TypeRules) -> tuple[int, Rank, datetime, IdentifierKey]:
        """Return what sorts identifiers: the smallest says best who its person is."""
        return (-self.level, types.rank(self.key.type), self.first_seen_at, self.key)

    def confirmed_by(self, other: Self) -> Self:
        """Return this identifier with what another sight of it adds, in whatever order."""
        times = [time for time in (self.verified_at, other.verified_at) if time is not None]
        return replace(
            self,
            level=max(self.level, other.level),
            verified_at=min(times, default=None),
            first_seen_at=min(self.first_seen_at, other.first_seen_at),
            birth_dates=self.birth_dates | other.birth_dates,
            verified_birth_dates=self.verified_birth_dates | other.verified_birth_dates,
            has_evidence=True,
        )


@dataclass(frozen=True, slots=True)
class DroppedIdentifier:
    """An identifier that was not used, in the caller's own spelling, and why."""

    presented: PresentedIdentifier
    reason: DropReason
