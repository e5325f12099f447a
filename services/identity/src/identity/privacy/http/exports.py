"""``GET /v1/customers/{id}/export``: everything that identity holds about one customer."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path
from starlette.responses import Response

from common.db import ReadConnection
from common.web import Caller, DatabaseDep, examples, requires
from common.web.responses import Masker, json_answer
from identifiers import IdentifierKey
from identity.customers.domain.attributes import AttributeValue
from identity.customers.domain.denials import DenialKind, Denials, DenyKeys
from identity.customers.store.customer_json import attributes_from_json
from identity.customers.store.denials import list_denials
from identity.privacy.http.erasures import SCOPE
from identity.privacy.http.examples import EXPORT
from identity.privacy.http.export_schemas import ExportResponse
from identity.privacy.http.state import PrivacyStateDep
from identity.privacy.store.exports import Export, get_export

_REASONS = ("reason", "withdrawal_reason")

router = APIRouter(tags=["privacy"])


@router.get(
    "/v1/customers/{customer_id}/export",
    response_model=ExportResponse,
    operation_id="export_customer",
    openapi_extra=examples(*EXPORT),
    summary="Export a customer",
)
async def export(
    caller: Annotated[Caller, requires(SCOPE)],
    customer_id: Annotated[UUID, Path(description="Any id ever issued for the customer.")],
    state: PrivacyStateDep,
    database: DatabaseDep,
) -> Response:
    """Export all that identity knows of a customer, and how it came to know it.

    Without ``pii:read`` personal values are masked, and merges do not show the customers before.
    """
    exported, denials = await database.snapshot(
        _read, caller.tenant_id, customer_id, state.deny_keys
    )
    body = _response(exported, denials, Masker(caller.sees_pii))
    return json_answer(body.model_dump_json().encode())


async def _read(
    connection: ReadConnection, tenant_id: str, customer_id: UUID, deny_keys: DenyKeys
) -> tuple[Export, Denials]:
    exported = await get_export(connection, tenant_id, customer_id)
    keys = [_key(item) for item in exported.parts["identifiers"]]
    return exported, await list_denials(connection, tenant_id, deny_keys, keys)


def _response(exported: Export, denials: Denials, masker: Masker) -> ExportResponse:
    row, parts = exported.customer, exported.parts
    return ExportResponse.model_validate(
        {
            "customer_id": row.id,
            "ids": exported.ids,
            "version": row.version,
            "created_at": row.created_at,
            "updated_at": row.updated_at,
            "identifiers": [
                _masked(item, masker) | {"is_suppressed": _is_suppressed(item, denials)}
                for item in parts["identifiers"]
            ],
            "lost_identifiers": [_masked(item, masker) for item in parts["lost_identifiers"]],
            "claims": [_masked(item, masker) for item in parts["claims"]],
            "quarantined": [_masked(item, masker) for item in parts["quarantined"]],
            "links": [_link(item, masker) for item in parts["links"]],
            "decisions": [
                {**item, **{name: masker.text(item[name]) for name in _REASONS}}
                for item in parts["decisions"]
            ],
            "groups": parts["groups"],
            "attributes": {
                name: _told(name, _counting(value), masker)
                for name, value in attributes_from_json(row.attributes).items()
            },
            "observations": [_told(item["name"], item, masker) for item in parts["observations"]],
            "merges": [_merge(item, masker) for item in parts["merges"]],
        }
    )


def _masked(item: Mapping[str, Any], masker: Masker) -> dict[str, Any]:
    shown = {name: value for name, value in item.items() if name != "customer_id"}
    shown["scope"] = masker.text(item["scope"])
    return shown | {
        name: masker.value(item["type"], item[name]) for name in ("value", "raw") if name in item
    }


def _counting(value: AttributeValue) -> dict[str, Any]:
    return {
        "value": value.value,
        "source": value.source,
        "level": value.level.label,
        "observed_at": value.observed_at,
        "ingested_at": value.ingested_at,
    }


def _told(name: str, item: Mapping[str, Any], masker: Masker) -> dict[str, Any]:
    return {**item, "value": masker.attribute(name, item["value"])}


def _merge(item: Mapping[str, Any], masker: Masker) -> dict[str, Any]:
    if masker.sees_pii:
        return dict(item)
    return {
        **item,
        "reason": masker.text(item["reason"]),
        "evidence": [_masked(piece, masker) for piece in item["evidence"]],
        "before": [],
    }


def _link(item: Mapping[str, Any], masker: Masker) -> dict[str, Any]:
    ends = [
        {name: item[f"{end}{name}"] for name in ("type", "scope", "value")}
        for end in ("", "other_")
    ]
    told = ("rule", "source", "first_seen_at", "last_seen_at", "verified_at")
    return {
        "between": [_masked(end, masker) for end in ends],
        **{name: item[name] for name in told},
    }


def _is_suppressed(item: Mapping[str, Any], denials: Denials) -> bool:
    return DenialKind.SUPPRESSED in {denial.kind for denial in denials.get(_key(item), ())}


def _key(item: Mapping[str, Any]) -> IdentifierKey:
    return IdentifierKey(item["type"], item["scope"] or "", item["value"])
