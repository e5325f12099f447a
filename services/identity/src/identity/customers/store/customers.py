"""Reads the customers that a unit of work concerns, in one statement however many they are."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from common.db import Transaction
from identity.customers.domain.customers import Customer
from identity.customers.store.customer_json import attributes_from_json, identifiers_from_json

MERGED_IDS = """
    (SELECT array_agg(alias.origin_id ORDER BY alias.origin_id)
     FROM customer_alias AS alias
     WHERE alias.tenant_id = :tenant_id AND alias.canonical_id = customer.id
       AND alias.origin_id <> customer.id) AS merged_ids
"""

CUSTOMERS = f"""
    SELECT customer.id, customer.version, customer.created_at, customer.attributes,
           (SELECT json_agg(json_build_object(
                'type', identifier.type, 'scope', identifier.scope, 'value', identifier.value,
                'raw', identifier.raw, 'level', identifier.level, 'source', identifier.source,
                'first_seen_at', identifier.first_seen_at, 'verified_at', identifier.verified_at,
                'birth_dates', identifier.birth_dates,
                'verified_birth_dates', identifier.verified_birth_dates,
                'has_evidence', identifier.has_evidence))
            FROM identifier
            WHERE identifier.tenant_id = :tenant_id
              AND identifier.customer_id = customer.id) AS identifiers,
           {MERGED_IDS}
    FROM wanted
    CROSS JOIN LATERAL (
        SELECT * FROM customer
        WHERE customer.tenant_id = :tenant_id AND customer.id = wanted.id
        LIMIT 1) AS customer
"""

# Each look-up is a LATERAL with LIMIT 1, which leaves the planner no choice but the primary key,
# also while a table is too young to have statistics and a join might read all of its tenant's rows.
BY_IDS = text(
    f"""
    WITH wanted AS MATERIALIZED (
        SELECT DISTINCT held.canonical_id AS id
        FROM unnest(cast(:ids AS uuid[])) AS asked (id)
        CROSS JOIN LATERAL (
            SELECT canonical_id FROM customer_alias
            WHERE tenant_id = :tenant_id AND origin_id = asked.id
            LIMIT 1) AS held
    )
    {CUSTOMERS}
    """
)


async def list_customers_by_ids(
    tx: Transaction, tenant_id: str, ids: Sequence[UUID]
) -> list[Customer]:
    """Return the canonical customers that these ids lead to; unknown ids are left out."""
    parameters = {"tenant_id": tenant_id, "ids": sorted(set(ids))}
    return [customer_of(row) for row in await tx.execute(BY_IDS, parameters)]


def customer_of(row: Any) -> Customer:
    """Return the customer of a row of ``CUSTOMERS``."""
    return Customer(
        id=row.id,
        version=row.version,
        created_at=row.created_at,
        identifiers=identifiers_from_json(row.identifiers or ()),
        attributes=attributes_from_json(row.attributes),
        merged_ids=tuple(row.merged_ids or ()),
    )
