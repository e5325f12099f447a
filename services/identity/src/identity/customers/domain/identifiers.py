"""Identifiers: their keys, how well they are proved, and why one may be dropped."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Self

from identifiers import IdentifierKey, UnusableReason

STRONG_TYPES = frozenset({"external_id", "account_id", "loyalty_id"})
"""Types that stand for one person per source: two different verified values are two people."""


class Level(IntEnum):
    """How well an identifier is proved. Compares by strength; stored and sent by its label."""

    CLAIMED = 0
    CHANNEL_PROVED = 1
    VERIFIED = 2

    @property
    def label(self) -> str:
        return self.name.lower()

    @classmethod
    def parse(cls, label: str) -> Self:
        """Return the level with that label. Raises KeyError for an unknown one."""
        return cls[label.upper()]


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
    TOO_MANY_ATTRIBUTES = "too_many_attributes"


@dataclass(frozen=True, slots=True)
class PresentedIdentifier:
    """An identifier as the caller wrote it."""

    type: str
    value: str
    scope: str | None = None
    level: Level = Level.CLAIMED


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

    @property
    def proves_a_person(self) -> bool:
        return self.level is Level.VERIFIED and self.key.type in STRONG_TYPES


@dataclass(frozen=True, slots=True)
class DroppedIdentifier:
    """An identifier that was not used, in the caller's own spelling, and why."""

    presented: PresentedIdentifier
    reason: DropReason
