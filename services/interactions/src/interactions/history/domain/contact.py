"""Who an interaction came from or went to, as far as anybody knows."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from interactions.history.domain.lookup_keys import PHONE_LIKE, bounded, lookup_key

Key = tuple[str, str, str]
"""Type, scope and spelling of an identifier, as it is looked up."""

LEVELS = ("claimed", "channel_proved", "verified")
"""How sure it is that the sender has an identifier, rising."""

NOBODY = UUID(int=0)
"""Stands in keys for the customer that is not known yet."""


@dataclass(frozen=True, slots=True)
class Identifier:
    """An address, number or id that a customer has, in the spelling that arrived."""

    type: str
    value: str
    scope: str | None = None
    level: str = "claimed"

    @property
    def key(self) -> Key:
        return self.type, self.scope or "", lookup_key(self.type, self.value)

    def tells_more_than(self, level: str) -> bool:
        """Say whether identity, which knows of ``level``, has something to learn from this."""
        return LEVELS.index(self.level) > LEVELS.index(level)


@dataclass(frozen=True, slots=True)
class Contact:
    """What resolution found out about one interaction's customer.

    ``customer_id`` is canonical, or None while unresolved. ``learned`` are the identifiers that
    identity, not our own copy, said belong to the customer. ``refused`` tells why asking again
    would not help. ``claimed_customer_id`` is an id that a caller gave and nobody has confirmed.
    """

    customer_id: UUID | None = None
    learned: tuple[Identifier, ...] = ()
    confirmed: bool = False
    refused: str | None = None
    claimed_customer_id: UUID | None = None


def contact_key(identifiers: Sequence[Identifier]) -> str | None:
    """Return the one identifier that stands for a contact, as text; None without identifiers.

    The same whatever order they came in.
    """
    if not identifiers:
        return None
    first: Key = min((identifier.key for identifier in identifiers), key=_rank)
    return bounded("|".join(first))


def _rank(key: Key) -> tuple[int, Key]:
    kind = key[0]
    return (0 if kind in PHONE_LIKE else 1 if kind == "email" else 2), key
