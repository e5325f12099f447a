"""What normalisation takes and gives: identifiers as written, their keys, and why one has none."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class IdentifierKey(NamedTuple):
    """What is unique within a tenant. Sorting keys gives the order in which they are locked.

    ``scope`` is the source, portfolio, page or workspace within which the value is unique, or ""
    for a value that is unique by itself.
    """

    type: str
    scope: str
    value: str


class UnusableReason(StrEnum):
    """Why an identifier as written is no key."""

    BLOCKED = "blocked"
    """It stands for nobody: a placeholder, a withheld number, an address that nobody reads."""
    UNPARSEABLE = "unparseable"
    TOO_LONG = "too_long"
    SCOPE_MISSING = "scope_missing"
    """The type's values are unique within a page, workspace or source only, and none is named."""
    REGION_MISSING = "region_missing"
    """A national telephone number, and nothing tells the country."""
    SHORT_CODE = "short_code"
    """A sender that has a short number instead of a telephone number."""
    SENDER_NAME = "sender_name"
    """A sender that has a name instead of a telephone number."""
    SEVERAL = "several"
    """More than one address or number in one value."""


@dataclass(frozen=True, slots=True)
class Usable:
    """An identifier that has a key.

    ``weaker`` is a second key under which other spellings of the same mailbox may be found; it
    suggests and never proves. ``is_shared`` marks a contact point of a group, such as ``info@``:
    it leads to a history and never joins two people. ``extension`` and ``display_name`` came with
    the value and are not part of the key.
    """

    key: IdentifierKey
    weaker: IdentifierKey | None = None
    is_shared: bool = False
    extension: str | None = None
    display_name: str | None = None


@dataclass(frozen=True, slots=True)
class Unusable:
    """An identifier without a key.

    ``sender`` still tells one sender from another within a channel account; it is None where the
    value stands for nobody in particular.
    """

    reason: UnusableReason
    sender: str | None = None


Outcome = Usable | Unusable
