"""Who an interaction came from or went to, as far as it is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from interactions.history.domain.lookup_keys import PHONE_LIKE, bounded_key, lookup_key

Key = tuple[str, str, str]
"""Type, scope and spelling of an identifier, as it is looked up."""

NOBODY = UUID(int=0)
"""The customer id of rows whose customer is unknown; the columns are part of keys."""


class Level(StrEnum):
    """How well an identifier is known to belong to its sender, in rising order."""

    CLAIMED = "claimed"
    CHANNEL_PROVED = "channel_proved"
    VERIFIED = "verified"


_RANKS = {level: rank for rank, level in enumerate(Level)}


@dataclass(frozen=True, slots=True)
class Identifier:
    """An address, number or id of a customer, in the spelling that arrived."""

    type: str
    value: str
    scope: str | None = None
    level: Level = Level.CLAIMED

    @property
    def key(self) -> Key:
        return self.type, self.scope or "", lookup_key(self.type, self.value)

    def is_better_proved_than(self, level: Level) -> bool:
        """Return whether identity, which knows ``level``, would learn something from this."""
        return _RANKS[self.level] > _RANKS[level]


@dataclass(frozen=True, slots=True)
class Contact:
    """The result of resolving one interaction's sender.

    ``customer_id`` is canonical, or None while unresolved. ``learned`` are the identifiers that
    identity, not our own copy, attributed to the customer. ``refused`` is the reason why asking
    again would not help. ``claimed_customer_id`` is an id from a caller that is not confirmed.
    """

    customer_id: UUID | None = None
    learned: tuple[Identifier, ...] = ()
    confirmed: bool = False
    refused: str | None = None
    claimed_customer_id: UUID | None = None


def contact_key(identifiers: Sequence[Identifier]) -> str | None:
    """Return the identifier that stands for a contact, as text; None without identifiers.

    It does not depend on the order of the identifiers.
    """
    if not identifiers:
        return None
    first: Key = min((identifier.key for identifier in identifiers), key=_rank)
    return bounded_key("|".join(first))


def _rank(key: Key) -> tuple[int, Key]:
    kind = key[0]
    return (0 if kind in PHONE_LIKE else 1 if kind == "email" else 2), key
