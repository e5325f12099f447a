"""Folds what people write so that spellings can be compared, and compares words."""

import re
import unicodedata
from enum import IntEnum
from functools import lru_cache

import jellyfish
from nicknames import NickNamer
from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

MAX_LENGTH = 100
"""Characters of a value that count: the cost of a comparison grows with both lengths."""
_CLOSE = 0.92
_SIMILAR = 0.82
_SHORTEST_TYPO = 4
"""A shorter word with one other letter is often another word."""
_NICKNAMES = NickNamer()
_JOINED = str.maketrans("", "", "'\u2019`-")
"""Marks inside a name."""
_NO_WORD = re.compile(r"[\W_]+")


class Likeness(IntEnum):
    """How alike two words are, the most alike first."""

    SAME = 0
    NICKNAME = 1
    CLOSE = 2
    """One slip of the pen apart."""
    INITIAL = 3
    SIMILAR = 4
    """Alike to the eye or to the ear."""
    DIFFERENT = 5


def fold(text: str) -> str:
    """Return letters and digits without case and accents, in words with one space between."""
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text)
        text = "".join(c for c in decomposed if not unicodedata.combining(c))
    kept = _NO_WORD.sub(" ", text[:MAX_LENGTH].casefold())
    return " ".join(kept.replace("ß", "ss").split())


def fold_name(text: str) -> str:
    """Return a name folded, its apostrophes and hyphens gone: O'Brien, Mary-Jane."""
    return fold(text.translate(_JOINED))


@lru_cache(maxsize=1 << 15)
def sound(word: str) -> str:
    """Return how a word sounds (metaphone), itself if that says nothing."""
    return jellyfish.metaphone(word) or word


@lru_cache(maxsize=1 << 15)
def call_names(name: str) -> frozenset[str]:
    """Return every name that a person of this given name may go by, and those it is short for."""
    return frozenset({name, *_NICKNAMES.nicknames_of(name), *_NICKNAMES.canonicals_of(name)})


@lru_cache(maxsize=1 << 15)
def root_name(name: str) -> str:
    """Return one name for all that are short for it: the first of its full names."""
    return min(_NICKNAMES.canonicals_of(name), default=name)


@lru_cache(maxsize=1 << 17)
def compare_words(left: str, right: str) -> Likeness:
    """Return how alike two folded words are, apart from nicknames."""
    if left == right:
        return Likeness.SAME
    shorter, longer = (left, right) if len(left) < len(right) else (right, left)
    if len(shorter) == 1:
        return Likeness.INITIAL if longer.startswith(shorter) else Likeness.DIFFERENT
    likeness = JaroWinkler.similarity(left, right)
    if likeness >= _SIMILAR:
        is_close = likeness >= _CLOSE or _is_slip(left, right, len(longer))
        return Likeness.CLOSE if is_close else Likeness.SIMILAR
    if len(shorter) > _SHORTEST_TYPO and (shorter in longer or sound(left) == sound(right)):
        return Likeness.SIMILAR
    return Likeness.DIFFERENT


def _is_slip(left: str, right: str, length: int) -> bool:
    """Return whether a slip of the pen, or two in a long word, make one word of the other."""
    if length < _SHORTEST_TYPO:
        return False
    allowed = 1 + (length > 2 * _SHORTEST_TYPO)
    return DamerauLevenshtein.distance(left, right, score_cutoff=allowed) <= allowed


@lru_cache(maxsize=1 << 17)
def compare_given_names(left: str, right: str) -> Likeness:
    """Return how alike two folded given names are."""
    if left == right:
        return Likeness.SAME
    if left in call_names(right) or right in call_names(left) or _have_one_root(left, right):
        return Likeness.NICKNAME
    return compare_words(left, right)


def _have_one_root(left: str, right: str) -> bool:
    """Return whether both are short for one name."""
    return root_name(left) == root_name(right)
