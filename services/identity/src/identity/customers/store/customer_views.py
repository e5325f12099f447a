"""What ``GET /v1/customers/{id}`` shows, in one statement."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from common.db import ReadConnection
from common.errors import NotFoundError
from identity.customers.domain.attributes import visible
from identity.customers.store.images import read_attributes

VIEW = text("""
SELECT customer.id, customer.version, customer.created_at, customer.updated_at,
       customer.attributes,
       (SELECT json_agg(json_build_object(
                   'type', held.type, 'value', held.value, 'raw', held.raw,
                   'scope', nullif(held.scope, ''), 'level', held.level, 'source', held.source,
                   'first_seen_at', held.first_seen_at)
               ORDER BY held.type, held.scope, held.value)
          FROM identifier AS held
         WHERE held.tenant_id = :tenant_id AND held.customer_id = customer.id) AS identifiers,
       (SELECT array_agg(other.origin_id ORDER BY other.origin_id)
          FROM customer_alias AS other
         WHERE other.tenant_id = :tenant_id AND other.canonical_id = customer.id
           AND other.origin_id <> customer.id) AS merged_ids
  FROM customer_alias AS asked
  JOIN customer ON customer.tenant_id = :tenant_id AND customer.id = asked.canonical_id
 WHERE asked.tenant_id = :tenant_id AND asked.origin_id = :customer_id
""")


@dataclass(frozen=True, slots=True)
class CustomerView:
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
    """Return the customer that answers to any id ever issued. Raises NotFoundError."""
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
        attributes=visible(read_attributes(row.attributes)),
        identifiers=[_with_time(one) for one in row.identifiers or ()],
    )


def _with_time(identifier: dict[str, Any]) -> dict[str, Any]:
    return identifier | {"first_seen_at": datetime.fromisoformat(identifier["first_seen_at"])}
