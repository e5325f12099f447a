"""Identifiers: which spellings mean the same person's address, number or id.

One library for identity, which decides who somebody is, and for interactions, which looks up what
identity decided: both read a spelling the same way, so a look-up can miss and never hit wrongly.
"""

from identifiers.keys import IdentifierKey, Outcome, Unusable, UnusableReason, Usable
from identifiers.normalisation import (
    ALIASES,
    BUILT_IN_TYPES,
    DEFAULT_RULES,
    MAX_KEY_BYTES,
    MAX_VALUE_LENGTH,
    NORMALISER_VERSION,
    TYPE_PATTERN,
    Form,
    IdentifierType,
    Rules,
    ScopeRule,
    is_built_in,
    normalise,
)

__all__ = [
    "ALIASES",
    "BUILT_IN_TYPES",
    "DEFAULT_RULES",
    "MAX_KEY_BYTES",
    "MAX_VALUE_LENGTH",
    "NORMALISER_VERSION",
    "TYPE_PATTERN",
    "Form",
    "IdentifierKey",
    "IdentifierType",
    "Outcome",
    "Rules",
    "ScopeRule",
    "Unusable",
    "UnusableReason",
    "Usable",
    "is_built_in",
    "normalise",
]
