"""Which parts of a customer are personal, and how callers without ``pii:read`` see them."""

from collections.abc import Iterable, Mapping
from typing import Any

from common.web.responses import Masker
from identity.customers.http.schemas import HeldIdentifier


def masked_attributes(masker: Masker, attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: masker.attribute(name, value) for name, value in attributes.items()}


def masked_identifiers(
    masker: Masker, identifiers: Iterable[Mapping[str, Any]]
) -> list[HeldIdentifier]:
    """Return shown identifiers, from mappings with the members of ``HeldIdentifier``."""
    return [
        HeldIdentifier.model_validate(
            {
                **identifier,
                "value": masker.value(identifier["type"], identifier["value"]),
                "scope": masker.text(identifier["scope"]),
                "raw": masker.value(identifier["type"], identifier["raw"]),
            }
        )
        for identifier in identifiers
    ]
