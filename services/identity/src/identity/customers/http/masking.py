"""Which parts of a customer are personal, for callers that may not see those."""

from collections.abc import Iterable, Mapping
from typing import Any

from common.web.responses import HIDDEN, Masker
from identity.customers.domain.identifiers import Identifier
from identity.customers.http.schemas import HeldIdentifier

IMPERSONAL = frozenset({"language", "locale", "timezone", "tier"})
"""Attributes that say how to serve somebody, not who it is. Every other one is hidden."""


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
    return [
        HeldIdentifier.model_validate(
            {
                **one,
                "value": masker.value(one["type"], one["value"]),
                "raw": masker.value(one["type"], one["raw"]),
            }
        )
        for one in identifiers
    ]


def held(identifiers: Iterable[Identifier]) -> list[dict[str, Any]]:
    """Return identifiers with the members of ``HeldIdentifier``, sorted by key."""
    return [
        {
            "type": one.key.type,
            "value": one.key.value,
            "raw": one.raw,
            "scope": one.key.scope or None,
            "level": one.level.label,
            "source": one.source,
            "first_seen_at": one.first_seen_at,
        }
        for one in sorted(identifiers, key=lambda one: one.key)
    ]
