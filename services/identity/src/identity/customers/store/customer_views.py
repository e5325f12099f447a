"""Reads what ``GET /v1/customers/{id}`` shows, in one statement."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from common.db import ReadConnection
from common.errors import NotFoundError
from identity.customers.domain.attributes import visible_values
from identity.customers.store.customer_json import attributes_from_json
from identity.customers.store.customers import MERGED_IDS

VIEW = text(
    f"""
    SELECT customer.id, customer.version, customer.created_at, customer.updated_at,
           customer.attributes,
           (SELECT json_agg(json_build_object(
                'type', identifier.type, 'value', identifier.value, 'raw', identifier.raw,
                'scope', nullif(identifier.scope, ''), 'level', identifier.level,
                'source', identifier.source, 'first_seen_at', identifier.first_seen_at)
                ORDER BY identifier.type, identifier.scope, identifier.value)
            FROM identifier
            WHERE identifier.tenant_id = :tenant_id
              AND identifier.customer_id = customer.id) AS identifiers,
           {MERGED_IDS}
    FROM customer_alias AS requested
    JOIN customer ON customer.tenant_id = :tenant_id AND customer.id = requested.canonical_id
    WHERE requested.tenant_id = :tenant_id AND requested.origin_id = :customer_id
    """
)


@dataclass(frozen=True, slots=True)
class CustomerView:
    """A customer as it is shown: visible attributes, identifiers sorted by key."""

    customer_id: UUID
    merged_ids: list[UUID]
    version: int
    created_at: datetime
    updated_at: datetime
    attributes: dict[str, Any]
    identifiers: list[dict[str, Any]]


async def get_customer_view(
    connection: ReadConnection, tenant_id: str, customer_id: UUID
) -> CustomerView:
    """Return the customer that an id leads to. Raises NotFoundError when it was never issued."""
    parameters = {"tenant_id": tenant_id, "customer_id": customer_id}
    row = (await connection.execute(VIEW, parameters)).one_or_none()
    if row is None:
        raise NotFoundError("there is no such customer")
    return CustomerView(
        customer_id=row.id,
        merged_ids=list(row.merged_ids or ()),
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
        attributes=visible_values(attributes_from_json(row.attributes)),
        identifiers=[_with_time(identifier) for identifier in row.identifiers or ()],
    )


def _with_time(identifier: dict[str, Any]) -> dict[str, Any]:
    return identifier | {"first_seen_at": datetime.fromisoformat(identifier["first_seen_at"])}
