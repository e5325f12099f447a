"""Reads birth dates in the spellings of forms and exports, and compares them."""

import re
from enum import IntEnum
from functools import lru_cache

from rapidfuzz.distance import DamerauLevenshtein

_PARTS = re.compile(r"\d+")
_YEARS = range(1850, 2101)
_MONTHS = 12
_WHOLE = 8
_LENGTHS = range(7, 10)
"""Digits of a date, of which one may be missing or too many."""


class DateLikeness(IntEnum):
    SAME = 0
    TYPO = 1
    """One digit other, two digits swapped, or day and month swapped."""
    PARTLY = 2
    """Two of year, month and day are the same."""
    DIFFERENT = 3


@lru_cache(maxsize=1 << 15)
def read_date(text: str) -> str:
    """Return ``yyyymmdd``, of a date that cannot be (a typo) too; empty if it is no date.

    Of ``5/6/1990`` the month stands first, of ``5.6.1990`` the day.
    """
    text = text.strip()
    parts: list[str] = _PARTS.findall(text.partition("T")[0].partition(" ")[0])
    if len(parts) == 1 and len(parts[0]) == _WHOLE:
        digits = parts[0]
        if int(digits[:4]) in _YEARS:
            return digits
        parts = [digits[:2], digits[2:4], digits[4:]]
    if len(parts) != 3:  # noqa: PLR2004
        return ""
    if len(parts[0]) > 2:  # noqa: PLR2004
        year, month, day = parts
    elif "." in text or (int(parts[0]) > _MONTHS >= int(parts[1])):
        day, month, year = parts
    else:
        month, day, year = parts
    digits = f"{year}{month:0>2}{day:0>2}"
    return digits if len(digits) in _LENGTHS else ""


@lru_cache(maxsize=1 << 16)
def compare_dates(left: str, right: str) -> DateLikeness:
    """Return how alike two dates of ``read_date`` are."""
    if left == right:
        return DateLikeness.SAME
    if DamerauLevenshtein.distance(left, right, score_cutoff=1) == 1:
        return DateLikeness.TYPO
    years, months, days = left[:4] == right[:4], left[4:6] == right[4:6], left[6:] == right[6:]
    if years and left[4:6] == right[6:] and left[6:] == right[4:6]:
        return DateLikeness.TYPO
    return DateLikeness.PARTLY if years + months + days == 2 else DateLikeness.DIFFERENT  # noqa: PLR2004
