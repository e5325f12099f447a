"""Which parts of a customer are personal, and how callers without ``pii:read`` see them."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar
from uuid import UUID

from common.web.requests import ResponseModel
from common.web.responses import Masker
from identity.customers.http.schemas import (
    ClaimedIdentifier,
    CustomerResponse,
    HeldIdentifier,
    IdentifierClaim,
    ListedCustomer,
    QuarantinedIdentifier,
)
from identity.customers.store.customer_views import CustomerView, DetailedView

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


def listed_customer(masker: Masker, view: CustomerView) -> ListedCustomer:
    return ListedCustomer(**_listed(masker, view))


def shown_customer(masker: Masker, view: DetailedView, requested_id: UUID) -> CustomerResponse:
    return CustomerResponse(
        **_listed(masker, view),
        requested_id=requested_id,
        claims=masked_as(IdentifierClaim, masker, view.claims),
        claimed_by=masked_as(ClaimedIdentifier, masker, view.claimed_by),
        quarantined=masked_as(QuarantinedIdentifier, masker, view.quarantined),
        retired_at=view.retired_at,
    )


def _listed(masker: Masker, view: CustomerView) -> dict[str, Any]:
    return {
        "customer_id": view.customer_id,
        "merged_ids": view.merged_ids,
        "attributes": masked_attributes(masker, view.attributes),
        "identifiers": masked_identifiers(masker, view.identifiers),
        "version": view.version,
        "created_at": view.created_at,
        "updated_at": view.updated_at,
    }
