"""What is wrong with a value, in words for callers: a code and a sentence for each pydantic error.

Pydantic's own sentences speak of Python and quote regular expressions, and some quote the input, so
none of them reaches a caller.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from common.errors import ErrorCode, RefusedValueError

Words = tuple[ErrorCode, str]
Context = Mapping[str, Any]

_TIME = "must be a time as in RFC 3339 with an offset, such as 2026-11-23T09:30:00Z"
_DATE = "must be a date, such as 2026-12-24"
_UUID = "must be a UUID, such as 01936a52-7e02-7d4b-9c37-90e1d5c0b7aa"
_UNKNOWN = "there is no such field"
_FALLBACK = (ErrorCode.INVALID_VALUE, "is not valid here")

KINDS: Mapping[str, str] = {
    "string_type": "a string",
    "int_type": "an integer",
    "int_parsing": "an integer, in digits",
    "int_from_float": "an integer",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
    "dict_type": "an object",
    "mapping_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
    "dataclass_type": "an object",
    "none_required": "null",
}
"""The JSON type that was expected, by the error of a value of another type."""

_FIXED: Mapping[str, Words] = {
    "missing": (ErrorCode.MISSING, "is required"),
    "missing_argument": (ErrorCode.MISSING, "is required"),
    "extra_forbidden": (ErrorCode.UNKNOWN_FIELD, _UNKNOWN),
    "unexpected_keyword_argument": (ErrorCode.UNKNOWN_FIELD, _UNKNOWN),
    "string_unicode": (ErrorCode.INVALID_CHARACTERS, "must be text in UTF-8"),
    "string_not_ascii": (ErrorCode.INVALID_CHARACTERS, "must contain only ASCII characters"),
    "int_parsing_size": (ErrorCode.OUT_OF_RANGE, "must be an integer within 64 bits"),
    "finite_number": (ErrorCode.OUT_OF_RANGE, "must be a finite number"),
    "union_tag_not_found": (ErrorCode.MISSING, "must say its type"),
    "json_invalid": (ErrorCode.INVALID_FORMAT, "must be valid JSON in UTF-8"),
    "json_type": (ErrorCode.WRONG_TYPE, "must be JSON text"),
    "date_past": (ErrorCode.OUT_OF_RANGE, "must be in the past"),
    "date_future": (ErrorCode.OUT_OF_RANGE, "must be in the future"),
    "datetime_past": (ErrorCode.OUT_OF_RANGE, "must be in the past"),
    "datetime_future": (ErrorCode.OUT_OF_RANGE, "must be in the future"),
}

_FAMILIES: Mapping[str, Words] = {
    "date_": (ErrorCode.INVALID_FORMAT, _DATE),
    "datetime_": (ErrorCode.INVALID_FORMAT, _TIME),
    "timezone_": (ErrorCode.INVALID_FORMAT, _TIME),
    "time_delta_": (ErrorCode.INVALID_FORMAT, "must be a duration as in ISO 8601, such as PT4H30M"),
    "time_": (ErrorCode.INVALID_FORMAT, "must be a time of day, such as 09:30"),
    "uuid_": (ErrorCode.INVALID_FORMAT, _UUID),
    "url_": (ErrorCode.INVALID_FORMAT, "must be a URL, such as https://example.org/path"),
    "decimal_": (ErrorCode.INVALID_FORMAT, "must be a number"),
}
"""The words for the errors whose types begin alike."""

_BOUNDS: Mapping[str, tuple[str, str]] = {
    "greater_than": ("gt", "must be more than"),
    "greater_than_equal": ("ge", "must be at least"),
    "less_than": ("lt", "must be less than"),
    "less_than_equal": ("le", "must be at most"),
    "multiple_of": ("multiple_of", "must be a multiple of"),
}

_patterns: dict[str, str] = {}


def describe_pattern(pattern: str, words: str) -> str:
    """Register what a text must be that matches ``pattern``, beginning with "must"; return it."""
    _patterns[pattern] = words
    return pattern


def described_patterns() -> frozenset[str]:
    """Return the patterns that have words."""
    return frozenset(_patterns)


def words_of(kind: str, context: Context) -> Words:
    """Return the code and the sentence for an error of pydantic's type ``kind``."""
    if kind in KINDS:
        return ErrorCode.WRONG_TYPE, f"must be {KINDS[kind]}"
    if kind in _FIXED:
        return _FIXED[kind]
    if kind in _BOUNDS:
        name, phrase = _BOUNDS[kind]
        return ErrorCode.OUT_OF_RANGE, f"{phrase} {context[name]}"
    if kind in _BY_CONTEXT:
        return _BY_CONTEXT[kind](context)
    return next((words for start, words in _FAMILIES.items() if kind.startswith(start)), _FALLBACK)


def allowed_of(kind: str, context: Context) -> tuple[str, ...]:
    """Return the values that an enum, a literal or a tag may have; empty for other errors."""
    listed = context.get({"union_tag_invalid": "expected_tags"}.get(kind, "expected"), "")
    return tuple(re.findall(r"'([^']*)'", str(listed)))


def _of_value_error(context: Context) -> Words:
    error = context.get("error")
    if isinstance(error, RefusedValueError):
        return error.code, str(error)
    return _FALLBACK


def _of_short_text(context: Context) -> Words:
    return ErrorCode.TOO_SHORT, _at_least(context["min_length"], "character")


def _of_long_text(context: Context) -> Words:
    return ErrorCode.TOO_LONG, f"must have at most {_count(context['max_length'], 'character')}"


def _of_short_list(context: Context) -> Words:
    return ErrorCode.TOO_FEW, _at_least(context["min_length"], "item")


def _of_long_list(context: Context) -> Words:
    return ErrorCode.TOO_MANY, f"must have at most {_count(context['max_length'], 'item')}"


def _of_pattern(context: Context) -> Words:
    words = _patterns.get(context.get("pattern", ""), "does not have the form it must have")
    return ErrorCode.INVALID_FORMAT, words


def _of_choice(kind: str) -> Callable[[Context], Words]:
    def words(context: Context) -> Words:
        return ErrorCode.NOT_ALLOWED, f"must be one of {', '.join(allowed_of(kind, context))}"

    return words


def _at_least(least: int, what: str) -> str:
    return "must not be empty" if least == 1 else f"must have at least {_count(least, what)}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


_BY_CONTEXT: Mapping[str, Callable[[Context], Words]] = {
    "value_error": _of_value_error,
    "string_too_short": _of_short_text,
    "string_too_long": _of_long_text,
    "too_short": _of_short_list,
    "too_long": _of_long_list,
    "string_pattern_mismatch": _of_pattern,
    **{kind: _of_choice(kind) for kind in ("enum", "literal_error", "union_tag_invalid")},
}
