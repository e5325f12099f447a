"""Reads what keeps customers from becoming one: decisions of persons, and shared contact points."""

from collections.abc import Collection, Iterable
from uuid import UUID

from sqlalchemy import text

from common.db import Transaction
from identifiers import IdentifierKey

MAX_LINKS = 500
"""Links of one identifier that are read."""
_ALIAS = """
    CROSS JOIN LATERAL (
        SELECT canonical_id FROM customer_alias
        WHERE tenant_id = :tenant_id AND origin_id = asked.id
        LIMIT 1) AS alias
"""
# Every look-up is a LATERAL that only an index can answer: see list_customers_by_ids.
KEPT_APART = text(
    f"""
    SELECT DISTINCT least(alias.canonical_id, other.customer_id) AS low,
           greatest(alias.canonical_id, other.customer_id) AS high
    FROM unnest(cast(:ids AS uuid[])) AS asked (id)
    {_ALIAS}
    CROSS JOIN LATERAL (
        SELECT type, scope, value FROM identifier
        WHERE customer_id = alias.canonical_id AND tenant_id = :tenant_id
        OFFSET 0) AS own
    CROSS JOIN LATERAL (
        (SELECT high_type AS type, high_scope AS scope, high_value AS value FROM link
         WHERE tenant_id = :tenant_id AND low_type = own.type AND low_scope = own.scope
           AND low_value = own.value AND rule = 'cannot-link'
         LIMIT {MAX_LINKS})
        UNION ALL
        (SELECT low_type, low_scope, low_value FROM link
         WHERE high_value = own.value AND high_scope = own.scope AND high_type = own.type
           AND tenant_id = :tenant_id AND rule = 'cannot-link'
         LIMIT {MAX_LINKS})
    ) AS link
    CROSS JOIN LATERAL (
        SELECT customer_id FROM identifier
        WHERE tenant_id = :tenant_id AND type = link.type AND scope = link.scope
          AND value = link.value
        LIMIT 1) AS other
    WHERE other.customer_id <> alias.canonical_id
    """
)
SHARED = text(
    """
    SELECT key.type, key.scope, key.value
    FROM unnest(cast(:types AS text[]), cast(:scopes AS text[]), cast(:values AS text[]))
         AS key (type, scope, value)
    CROSS JOIN LATERAL (
        SELECT 1 FROM group_contact_point
        WHERE tenant_id = :tenant_id AND type = key.type AND scope = key.scope
          AND value = key.value
        LIMIT 1) AS point
    """
)


async def list_shared(
    tx: Transaction, tenant_id: str, keys: Collection[IdentifierKey]
) -> list[IdentifierKey]:
    """Return those of the keys that are contact points of households and accounts."""
    types, scopes, values = zip(*keys, strict=True) if keys else ((), (), ())
    parameters = {
        "tenant_id": tenant_id,
        "types": list(types),
        "scopes": list(scopes),
        "values": list(values),
    }
    return [IdentifierKey(*row) for row in await tx.execute(SHARED, parameters)]


async def list_kept_apart(
    tx: Transaction, tenant_id: str, ids: Iterable[UUID]
) -> frozenset[tuple[UUID, UUID]]:
    """Return which customers are kept apart from those that these ids lead to.

    Pairs of canonical ids, the smaller one first.
    """
    rows = await tx.execute(KEPT_APART, {"tenant_id": tenant_id, "ids": sorted(set(ids))})
    return frozenset((row.low, row.high) for row in rows)
