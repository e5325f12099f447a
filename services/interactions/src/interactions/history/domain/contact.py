"""Who an interaction came from or went to, as far as it is known.

Identifiers are looked up here by their keys. Only identity decides who a customer is.
"""

import hashlib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from uuid import UUID

Key = tuple[str, str, str]
"""Type, scope and spelling of an identifier, as it is looked up."""

PHONE_LIKE = frozenset({"phone", "mobile", "landline", "fax", "sms", "whatsapp", "viber", "signal"})

MAX_KEY_BYTES = 400
"""The longest key that fits into an index together with the columns before it."""

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


def bounded_key(key: str) -> str:
    """Return ``key``, or its digest when it is too long to be part of an index."""
    encoded = key.encode("utf-8", "surrogatepass")
    if len(encoded) <= MAX_KEY_BYTES:
        return key
    return f"sha256|{hashlib.sha256(encoded).hexdigest()}"


@lru_cache(maxsize=8_192)  # One identifier is looked up at several steps, and comes again soon.
def lookup_key(type: str, value: str) -> str:  # noqa: A002 - the name of the identifier's field
    """Return the key of an identifier in this spelling.

    NFKC, case folded and trimmed. Phone-like types keep only digits and a leading plus, unless the
    value contains letters (a business-scoped user id, say). A very long key becomes its digest.
    """
    return bounded_key(_folded(type, value))


def _folded(type: str, value: str) -> str:  # noqa: A002 - as above
    # Folding can undo composition and composition can undo folding; a second pass fixes both.
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", value).casefold())
    folded = folded.casefold().strip()
    if type not in PHONE_LIKE or any(c.isalpha() for c in folded):
        return folded
    digits = "".join(str(unicodedata.decimal(c)) for c in folded if c.isdecimal())
    if not digits:
        return folded
    return f"+{digits}" if folded.startswith("+") else digits
