"""Reads e-mail addresses and telephone numbers for comparison, and compares them."""

import re
from enum import IntEnum
from functools import lru_cache

from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

from identifiers import UnusableReason, Usable, normalise

_EXTENSION = re.compile(r"(?i)\s*(?:ext|x|#|;).*$")
_NO_DIGIT = re.compile(r"\D+")
_SUBSCRIBER_DIGITS = 9
"""What stays of a number without country and trunk prefixes."""
_FEWEST_DIGITS = 6
_CLOSE = 0.9
_MASK = "*"


class ContactLikeness(IntEnum):
    SAME = 0
    CLOSE = 1
    """A slip of the pen apart, or the same mailbox name at another provider."""
    DIFFERENT = 2


def read_email(text: str) -> str:
    """Return the address as its identifier's key has it; folded, if it is damaged.

    Empty for an address of nobody, and for one that many share: they say nothing of a person.
    """
    outcome = normalise("email", text)
    if isinstance(outcome, Usable):
        return "" if outcome.is_shared else outcome.key.value
    folded = text.strip().casefold()
    return folded if "@" in folded and outcome.reason is not UnusableReason.BLOCKED else ""


@lru_cache(maxsize=1 << 15)
def mailbox_of(address: str) -> str:
    """Return the mailbox that the provider delivers an address of ``read_email`` to.

    Gmail ignores dots and what follows a plus; the address itself if nothing is known.
    """
    outcome = normalise("email", address)
    if isinstance(outcome, Usable) and outcome.weaker is not None:
        return outcome.weaker.value
    return address


def read_phone(text: str) -> str:
    """Return the digits of the subscriber's number, without country, trunk and extension."""
    digits = _NO_DIGIT.sub("", _EXTENSION.sub("", text))[-_SUBSCRIBER_DIGITS:]
    return digits if len(digits) >= _FEWEST_DIGITS and len(set(digits)) > 1 else ""


def compare_emails(left: str, right: str) -> ContactLikeness:
    """Return how alike two addresses are; a masked one, ``ann***@…``, by what is legible.

    Two spellings of one provider's mailbox are close: likeness, not proof.
    """
    if left == right:
        return ContactLikeness.SAME
    if mailbox_of(left) == mailbox_of(right):
        return ContactLikeness.CLOSE
    name, _, domain = left.partition("@")
    other, _, other_domain = right.partition("@")
    if _MASK in left + right:
        return _compare_masked(name, other)
    is_close = (
        name == other
        or (
            DamerauLevenshtein.distance(name, other, score_cutoff=2) <= 2  # noqa: PLR2004
            and min(len(name), len(other)) > 5  # noqa: PLR2004
        )
        or (domain == other_domain and JaroWinkler.similarity(name, other) >= _CLOSE)
    )
    return ContactLikeness.CLOSE if is_close else ContactLikeness.DIFFERENT


def compare_phones(left: str, right: str) -> ContactLikeness:
    """Return how alike two numbers of ``read_phone`` are."""
    shorter, longer = sorted((left, right), key=len)
    if longer.endswith(shorter):
        return ContactLikeness.SAME
    if DamerauLevenshtein.distance(left, right, score_cutoff=1) <= 1:
        return ContactLikeness.CLOSE
    return ContactLikeness.DIFFERENT


def _compare_masked(left: str, right: str) -> ContactLikeness:
    legible = min(left.partition(_MASK)[0], right.partition(_MASK)[0], key=len)
    is_alike = len(legible) > 1 and left.startswith(legible) and right.startswith(legible)
    return ContactLikeness.CLOSE if is_alike else ContactLikeness.DIFFERENT
