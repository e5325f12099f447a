"""What customers are found by: their names in one spelling, and their tier."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MAX_NAME_LENGTH = 200
"""Characters of a name that is searched for."""
MAX_NAME_BYTES = 512
"""Of the names that are searched: index entries and cursors hold them."""
MAX_TIER_LENGTH = 64

_WHOLE_NAMES = ("name", "full_name", "display_name")
_PARTS_OF_NAMES = (
    "first_name", "given_name", "middle_name", "last_name", "family_name", "surname",
)  # fmt: skip
_OTHER_NAMES = frozenset({"nickname", "company"})
_APOSTROPHES = dict.fromkeys(
    map(ord, "'`\u00b4\u02b9\u02bb\u02bc\u2018\u2019\u201a\u201b\u2032\uff07")
)
"""People type them in many ways, or leave them out."""
_WITHOUT_MARKS = str.maketrans(
    {
        "\u0131": "i",  # dotless
        "\u00f8": "o",
        "\u0111": "d",
        "\u00f0": "d",
        "\u0142": "l",
        "\u0127": "h",
        "\u0167": "t",
        "\u00e6": "ae",
        "\u0153": "oe",
        "\u00fe": "th",
    }
)
"""Letters whose marks Unicode does not take apart."""


@dataclass(frozen=True, slots=True)
class SearchTerms:
    """``name`` holds all names in the spelling of ``fold_name``, empty without any."""

    name: str
    tier: str | None


def search_terms(attributes: Mapping[str, Any]) -> SearchTerms:
    """Return what finds a customer with these visible attributes."""
    tier = attributes.get("tier")
    is_usable = isinstance(tier, str) and 0 < len(tier) <= MAX_TIER_LENGTH
    return SearchTerms(
        name=_distinct_words(fold_name(name) for name in _names(attributes)),
        tier=tier if is_usable else None,
    )


def fold_name(text: str) -> str:
    """Return a name without case, accents and punctuation, ``O'Brien-Å`` as ``obrien a``."""
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    text = text.translate(_APOSTROPHES).translate(_WITHOUT_MARKS)
    return " ".join("".join(_letter_or_blank(char) for char in text).split())


def _letter_or_blank(char: str) -> str:
    if unicodedata.combining(char):
        return ""
    # Vowel signs of some scripts are marks, too.
    return char if char.isalnum() or unicodedata.category(char).startswith("M") else " "


def _names(attributes: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names that are text: whole ones first, then parts in their usual order."""
    usual = (*_WHOLE_NAMES, *_PARTS_OF_NAMES)
    others = (name for name in attributes if name.endswith("_name") or name in _OTHER_NAMES)
    for name in (*usual, *sorted(set(others) - set(usual))):
        value = attributes.get(name)
        if isinstance(value, str):
            yield value


def _distinct_words(names: Iterable[str]) -> str:
    words = dict.fromkeys(word for name in names for word in name.split())
    return " ".join(words).encode()[:MAX_NAME_BYTES].decode(errors="ignore").strip()
