"""Values that a tenant blocks: they are nobody's, and nobody is found by them."""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, lru_cache
from itertools import chain

from pydantic_core import SchemaError, SchemaValidator, core_schema

MAX_PATTERN_LENGTH = 200
MAX_WEIGHT = 1_000
"""How long a pattern may be once its repetitions are written out."""
MAX_TOTAL_WEIGHT = 5_000
"""How long all patterns of a tenant together may be: each value is compared with all of them."""
_COUNTED = re.compile(r"\{(\d*)(?:,(\d*))?\}")
_CLASS = re.compile(r"\\[wWdDsSpP]")
_CLASS_WEIGHT = 10
"""A class has many ranges of letters, and is as long as those."""


class Match(StrEnum):
    """How a blocked value is compared."""

    EXACT = "exact"
    ANY_CASE = "any_case"
    """Case makes no difference."""
    PATTERN = "pattern"
    """A regular expression that the whole value matches, in any case."""


@dataclass(frozen=True, slots=True)
class BlockedValue:
    """A value of one type, or of any if ``type`` is None."""

    type: str | None
    match: Match
    value: str


class UnusablePatternError(ValueError):
    """A pattern that cannot be used; the message says why."""


@dataclass(frozen=True)
class BlockedValues:
    """All that a tenant blocks, ready to be asked often."""

    entries: tuple[BlockedValue, ...] = ()

    def block(self, kind: str, *spellings: str) -> bool:
        """Return whether one of the spellings of a value of this type is blocked."""
        if not self.entries:
            return False
        texts = {spelling.strip() for spelling in spellings}
        return any(
            not self._exact.get(of_type, frozenset()).isdisjoint(texts)
            or not self._any_case.get(of_type, frozenset()).isdisjoint(map(str.casefold, texts))
            for of_type in (kind, None)
        ) or any(
            matcher.isinstance_python(text)
            for matcher in chain(self._matchers.get(kind, ()), self._matchers.get(None, ()))
            for text in texts
        )

    @cached_property
    def _exact(self) -> Mapping[str | None, frozenset[str]]:
        return self._values(Match.EXACT)

    @cached_property
    def _any_case(self) -> Mapping[str | None, frozenset[str]]:
        values = self._values(Match.ANY_CASE)
        return {kind: frozenset(map(str.casefold, of_type)) for kind, of_type in values.items()}

    @cached_property
    def _matchers(self) -> Mapping[str | None, tuple[SchemaValidator, ...]]:
        patterns = self._values(Match.PATTERN)
        return {
            kind: tuple(compile_pattern(pattern) for pattern in sorted(of_type))
            for kind, of_type in patterns.items()
        }

    def _values(self, match: Match) -> Mapping[str | None, frozenset[str]]:
        values: defaultdict[str | None, set[str]] = defaultdict(set)
        for entry in self.entries:
            if entry.match is match:
                values[entry.type].add(entry.value.strip())
        return {kind: frozenset(of_type) for kind, of_type in values.items()}


NOTHING_BLOCKED = BlockedValues()


def weight_of(pattern: str) -> int:
    """Return about how long the pattern is once its repetitions are written out."""
    weight = len(pattern) + _CLASS_WEIGHT * len(_CLASS.findall(pattern))
    for low, high in _COUNTED.findall(pattern):
        weight *= max(int(low or 1), int(high or 1), 1)
    return weight


@lru_cache(maxsize=1_000)
def compile_pattern(pattern: str) -> SchemaValidator:
    """Return what accepts a text that the pattern matches as a whole, in any case.

    The engine is that of Rust: it takes time proportional to the text and to the pattern's weight,
    whatever both are. Raises UnusablePatternError.
    """
    if weight_of(pattern) > MAX_WEIGHT:
        raise UnusablePatternError("repeats too much; use smaller numbers in its braces")
    _compile(pattern)  # By itself, so that it cannot close the group around it.
    whole = _compile(rf"(?i)\A(?:{pattern})\z")
    if whole.isinstance_python(""):
        raise UnusablePatternError("matches an empty value; make it match at least one character")
    return whole


def _compile(pattern: str) -> SchemaValidator:
    try:
        return SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex"))
    except SchemaError as error:
        reason = str(error).rstrip().rsplit("\n", 1)[-1].strip().removeprefix("SchemaError: ")
        raise UnusablePatternError(
            f"is no regular expression that can be used: {reason.removeprefix('error: ')}"
        ) from None
