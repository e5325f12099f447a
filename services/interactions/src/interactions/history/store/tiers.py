"""The tiers of customers, as identity last published them."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import text

from common.db import Transaction

MOST_CHARACTERS = 200

TIER = f"""
    CASE WHEN jsonb_typeof(p.attributes->'tier') = 'string'
          AND length(p.attributes->>'tier') BETWEEN 1 AND {MOST_CHARACTERS}
         THEN p.attributes->>'tier' END"""
"""SQL: the tier of a profile ``p``; null without one, and for what is no name of a tier."""

_FIND = text(
    f"""
    SELECT p.customer_id, p.tier
      FROM unnest(cast(:ids AS uuid[])) AS wanted (id)
     CROSS JOIN LATERAL (
        SELECT p.customer_id, {TIER} AS tier FROM customer_profile p
         WHERE p.tenant_id = :tenant_id AND p.customer_id = wanted.id
         LIMIT 1) p
     WHERE p.tier IS NOT NULL
    """
)


async def find_tiers(
    tx: Transaction, tenant_id: str, customers: Collection[UUID]
) -> dict[UUID, str]:
    """Return the tiers of those canonical customers who have one."""
    if not customers:
        return {}
    rows = await tx.execute(_FIND, {"tenant_id": tenant_id, "ids": sorted(customers)})
    return {row.customer_id: row.tier for row in rows}
