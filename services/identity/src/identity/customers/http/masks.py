"""Which parts of a customer are personal, and how callers without ``pii:read`` see them."""

from collections.abc import Iterable, Mapping
from typing import Any

from common.web.responses import HIDDEN, Masker
from identity.customers.http.schemas import HeldIdentifier

IMPERSONAL = frozenset({"language", "locale", "timezone", "tier"})
"""Attributes that say how to serve a person, not who they are. Every other one is hidden."""


def masked_attributes(masker: Masker, attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: masked_attribute(masker, name, value) for name, value in attributes.items()}


def masked_attribute(masker: Masker, name: str, value: Any) -> Any:
    if masker.sees_pii or name in IMPERSONAL:
        return value
    if isinstance(value, str) and (name == "name" or name.endswith("_name")):
        return masker.name(value)
    return HIDDEN


def masked_identifiers(
    masker: Masker, identifiers: Iterable[Mapping[str, Any]]
) -> list[HeldIdentifier]:
    """Return shown identifiers, from mappings with the members of ``HeldIdentifier``."""
    return [
        HeldIdentifier.model_validate(
            {
                **identifier,
                "value": masker.value(identifier["type"], identifier["value"]),
                "raw": masker.value(identifier["type"], identifier["raw"]),
            }
        )
        for identifier in identifiers
    ]
