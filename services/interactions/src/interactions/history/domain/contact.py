"""Who an interaction came from or went to, as far as it is known.

Identifiers are looked up here by their keys. Only identity decides who a customer is.
"""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from uuid import UUID

from identifiers import Outcome, Rules, Unusable, UnusableReason, is_built_in, normalise

Key = tuple[str, str, str]
"""Type, scope and value of an identifier's key, as it is looked up."""

_CONTACT_TYPES = ("phone", "email")
"""The types that stand for a contact before any other."""

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
    """An address, number or id of a customer, in the spelling that arrived.

    ``region`` (ISO 3166) is the country of a telephone number that names none.
    """

    type: str
    value: str
    scope: str | None = None
    level: Level = Level.CLAIMED
    region: str | None = None

    @property
    def key(self) -> Key | None:
        """The key by which it is looked up; None if it has none."""
        return self._reading.key

    @property
    def has_key_of_identity(self) -> bool:
        """Whether its key is the one that identity keeps it under.

        A tenant may have registered other rules for a type of its own. They join spellings that are
        apart here, and only identity's events tell which: so a look-up may miss, and never hits
        what identity has taken from the customer since.
        """
        return self.key is not None and is_built_in(self.type)

    @property
    def unusable(self) -> UnusableReason | None:
        """Why it has no key."""
        return self._reading.unusable

    @property
    def sender(self) -> str | None:
        """What tells senders without a key apart; None if it stands for nobody in particular."""
        return self._reading.sender

    @property
    def may_be_known(self) -> bool:
        """Whether identity may find a customer by it: identity may know a region by default."""
        return self.key is not None or self.unusable is UnusableReason.REGION_MISSING

    @property
    def _reading(self) -> "_Reading":
        return _read(self.type, self.value, self.scope, self.region)

    def is_of(self, types: Collection[str]) -> bool:
        """Return whether it is of one of these types, as written or as it is looked up."""
        return self.type in types or (self.key is not None and self.key[0] in types)

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
    erased: frozenset[str] = frozenset()
    """The types of identifiers that are of somebody erased."""


def sender_key(identifiers: Sequence[Identifier]) -> str | None:
    """Return what stands for a sender: ``contact_key`` of what is proved, if anything is.

    Who only claims a key is another contact than who has it, and joins none of its conversations.
    """
    proved = contact_key([i for i in identifiers if i.level is not Level.CLAIMED])
    if proved is not None:
        return proved
    claimed = contact_key(identifiers)
    return None if claimed is None else bounded_key(f"claimed|{claimed}")


def contact_key(identifiers: Sequence[Identifier]) -> str | None:
    """Return what stands for a contact, as text: a key, or else the text of a sender without one.

    It does not depend on the order of the identifiers. None if they stand for nobody.
    """
    keys = sorted((i.key for i in identifiers if i.key is not None), key=_rank)
    if keys:
        return contact_key_of(keys[0])
    senders = [f"sender|{i.type}|{i.sender}" for i in identifiers if i.sender is not None]
    return bounded_key(min(senders)) if senders else None


def contact_key_of(key: Key) -> str:
    """Return what stands for the contact with this key."""
    return bounded_key("|".join(key))


def why_unusable(identifiers: Sequence[Identifier]) -> str:
    """Return why none of the identifiers leads to a customer."""
    reasons = sorted({i.unusable.value for i in identifiers if i.unusable is not None})
    return f"no identifier is usable: {', '.join(reasons)}"


def with_scope(
    identifier: Identifier, *, account: str | None, source: str | None = None
) -> Identifier:
    """Return the identifier in the scope that its type needs, if it names none.

    That is the ``account`` that a message came to, such as a page or a workspace, or for ids of
    other systems the ``source`` that reported it.
    """
    if identifier.unusable is not UnusableReason.SCOPE_MISSING:
        return identifier
    rules = Rules(region=identifier.region, account=account, source=source)
    outcome = normalise(identifier.type, identifier.value, identifier.scope, rules)
    if isinstance(outcome, Unusable):
        return identifier
    return replace(identifier, scope=outcome.key.scope)


def _rank(key: Key) -> tuple[int, Key]:
    kind = key[0]
    return (_CONTACT_TYPES.index(kind) if kind in _CONTACT_TYPES else len(_CONTACT_TYPES)), key


def bounded_key(key: str) -> str:
    """Return ``key``, or its digest when it is too long to be part of an index."""
    encoded = key.encode("utf-8", "surrogatepass")
    if len(encoded) <= MAX_KEY_BYTES:
        return key
    return f"sha256|{hashlib.sha256(encoded).hexdigest()}"


@dataclass(frozen=True, slots=True)
class _Reading:
    key: Key | None
    unusable: UnusableReason | None = None
    sender: str | None = None


@lru_cache(maxsize=8_192)  # One identifier is looked up at several steps, and comes again soon.
def _read(
    type: str,  # noqa: A002 - the name of the identifier's field
    value: str,
    scope: str | None,
    region: str | None,
) -> _Reading:
    outcome: Outcome = normalise(type, value, scope, Rules(region=region))
    if isinstance(outcome, Unusable):
        return _Reading(None, outcome.reason, outcome.sender)
    key = outcome.key
    return _Reading((key.type, key.scope, bounded_key(key.value)))


def key_of_identity(type: str, scope: str | None, value: str) -> Key | None:  # noqa: A002
    """Return the key that identity published, or None if it is one of another version.

    A key of this version normalises to itself; no look-up of ours would find another.
    """
    outcome = normalise(type, value, scope)
    if isinstance(outcome, Unusable) or outcome.key != (type, scope or "", value):
        return None
    return type, scope or "", bounded_key(value)
