"""JSON: encode, decode, parse strictly, point at errors."""

from common.jsons.codec import Encoded, dumps, dumps_text, encoded, loads
from common.jsons.field_errors import MAX_HINTS, field_errors, parameter_error
from common.jsons.pointers import pointer_to
from common.jsons.strict import Limits, parse
from common.jsons.wording import describe_pattern, described_patterns, words_of

__all__ = [
    "MAX_HINTS",
    "Encoded",
    "Limits",
    "describe_pattern",
    "described_patterns",
    "dumps",
    "dumps_text",
    "encoded",
    "field_errors",
    "loads",
    "parameter_error",
    "parse",
    "pointer_to",
    "words_of",
]
