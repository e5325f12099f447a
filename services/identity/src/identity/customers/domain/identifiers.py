"""What an identifier is: its key, how well it is proved, and why one may be dropped."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import NamedTuple, Self

STRONG_TYPES = frozenset({"external_id", "account_id", "loyalty_id"})
"""Types that name one person in one source: two different verified ones are two people."""


class Level(IntEnum):
    """How an identifier was proved. Compares by strength; stored and sent by its name."""

    CLAIMED = 0
    CHANNEL_PROVED = 1
    VERIFIED = 2

    @property
    def label(self) -> str:
        return self.name.lower()

    @classmethod
    def parse(cls, label: str) -> Self:
        """Return the level of that name. Raises KeyError for any other word."""
        return cls[label.upper()]


class DropReason(StrEnum):
    """Why an identifier of a request was not linked to the customer in the answer."""

    BLOCKED = "blocked"
    UNPARSEABLE = "unparseable"
    TOO_LONG = "too_long"
    CLAIMED_ELSEWHERE = "claimed_elsewhere"
    NEEDS_VERIFICATION = "needs_verification"
    CONFLICTING_STRONG_IDENTIFIERS = "conflicting_strong_identifiers"
    TOO_MANY_IDENTIFIERS = "too_many_identifiers"
    TOO_MANY_ATTRIBUTES = "too_many_attributes"


class Key(NamedTuple):
    """What makes an identifier unique within a tenant; sorts the same way everywhere.

    ``scope`` is the source, portfolio or page within which the value is unique, "" for none.
    """

    type: str
    scope: str
    value: str


@dataclass(frozen=True, slots=True)
class Presented:
    """An identifier as the caller gave it."""

    type: str
    value: str
    scope: str | None = None
    level: Level = Level.CLAIMED


@dataclass(frozen=True, slots=True)
class Identifier:
    """A usable identifier: its key, the spelling it came in, and how well it is proved."""

    key: Key
    raw: str
    level: Level
    source: str | None
    first_seen_at: datetime

    @property
    def proves_a_person(self) -> bool:
        return self.level is Level.VERIFIED and self.key.type in STRONG_TYPES


@dataclass(frozen=True, slots=True)
class Dropped:
    """An identifier that was not used, in the caller's own spelling, and why."""

    presented: Presented
    reason: DropReason
