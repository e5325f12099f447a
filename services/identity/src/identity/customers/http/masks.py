"""Which parts of a customer are personal, and how callers without ``pii:read`` see them."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from common.web.requests import ResponseModel
from common.web.responses import Masker
from identity.customers.http.schemas import HeldIdentifier

Shown = TypeVar("Shown", bound=ResponseModel)


def masked_attributes(masker: Masker, attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: masker.attribute(name, value) for name, value in attributes.items()}


def masked_identifiers(
    masker: Masker, identifiers: Iterable[Mapping[str, Any]]
) -> list[HeldIdentifier]:
    """Return shown identifiers, from mappings with the members of ``HeldIdentifier``."""
    return masked_as(HeldIdentifier, masker, identifiers)


def masked_as(
    model: type[Shown], masker: Masker, items: Iterable[Mapping[str, Any]]
) -> list[Shown]:
    """Return what is shown of an identifier, from mappings with the members of ``model``."""
    return [model.model_validate({**item, **_masked(masker, item)}) for item in items]


def _masked(masker: Masker, item: Mapping[str, Any]) -> dict[str, Any]:
    masked = {
        name: masker.value(item["type"], item[name]) for name in ("value", "raw") if name in item
    }
    return masked | {"scope": masker.text(item["scope"])}
