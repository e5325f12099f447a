"""Reads a customer's identifiers and the links between them, in one statement."""

from uuid import UUID

from sqlalchemy import text

from common.db import ReadConnection
from common.errors import NotFoundError
from identity.customers.store.customer_json import identifiers_from_json
from identity.graph.domain.links import CustomerGraph, build_graph
from identity.resolution.store.links import LINK, links_from_json

GRAPH = text(
    f"""
    WITH asked AS MATERIALIZED (
        SELECT canonical_id AS id FROM customer_alias
        WHERE tenant_id = :tenant_id AND origin_id = :customer_id
    ), own AS MATERIALIZED (
        SELECT held.* FROM asked
        JOIN identifier AS held
          ON held.customer_id = asked.id AND held.tenant_id = :tenant_id
    ), linked AS MATERIALIZED (
        SELECT held.* FROM own
        CROSS JOIN LATERAL (
            SELECT * FROM link
            WHERE link.tenant_id = :tenant_id AND link.low_type = own.type
              AND link.low_scope = own.scope AND link.low_value = own.value) AS held
        JOIN own AS other
          ON other.type = held.high_type AND other.scope = held.high_scope
         AND other.value = held.high_value
    )
    SELECT asked.id,
           (SELECT json_agg(own) FROM own) AS identifiers,
           (SELECT json_agg(json_build_object(
                {", ".join(f"'{name}', linked.{name}" for name in LINK.types)})) FROM linked)
               AS links
    FROM asked
    """
)


async def get_graph(connection: ReadConnection, tenant_id: str, customer_id: UUID) -> CustomerGraph:
    """Return the graph of the customer that an id leads to. Raises NotFoundError."""
    asked = {"tenant_id": tenant_id, "customer_id": customer_id}
    row = (await connection.execute(GRAPH, asked)).one_or_none()
    if row is None:
        raise NotFoundError("there is no such customer")
    identifiers = identifiers_from_json(row.identifiers or ())
    return build_graph(row.id, identifiers.values(), links_from_json(row.links or ()))
