"""JSON: encode, decode, parse strictly, point at errors."""

from common.jsons.codec import Encoded, dumps, dumps_text, encoded, loads
from common.jsons.pointers import field_errors, pointer_to, sentence
from common.jsons.strict import Limits, parse

__all__ = [
    "Encoded",
    "Limits",
    "dumps",
    "dumps_text",
    "encoded",
    "field_errors",
    "loads",
    "parse",
    "pointer_to",
    "sentence",
]
