"""Which canonical customer each id means: one row for each id, one hop deep."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import text

from common.db import Columns, Transaction
from interactions.context.store.keys import KEY_COLUMNS, Key, key_row, key_rows

_ALIASES = Columns({"tenant_id": "text", "customer_id": "uuid", "canonical_id": "uuid"})

_LOCK = text(
    """
    SELECT pg_advisory_xact_lock(hashtextextended('customer_alias.' || tenant_id, 0))
      FROM (SELECT DISTINCT tenant_id FROM unnest(cast(:tenants AS text[])) t (tenant_id)
             ORDER BY tenant_id) t
    """
)
# OFFSET 0 keeps these look-ups by index, also while the table is young: a join might read all of
# the tenant's aliases. Nothing moves a row in between: the tenant's aliases are locked.
_LIST_CLUSTERS = text(
    f"""
    WITH target AS MATERIALIZED (
        SELECT DISTINCT m.tenant_id, coalesce(a.canonical_id, m.customer_id) AS canonical_id
          FROM {KEY_COLUMNS.table("keys", "m")}
          LEFT JOIN LATERAL (
            SELECT canonical_id FROM customer_alias
             WHERE tenant_id = m.tenant_id AND origin_id = m.customer_id
             LIMIT 1) a ON true
    )
    SELECT t.tenant_id, o.origin_id, t.canonical_id
      FROM target t
     CROSS JOIN LATERAL (
        SELECT origin_id FROM customer_alias
         WHERE tenant_id = t.tenant_id AND canonical_id = t.canonical_id
        OFFSET 0) o
    """
)
_SAVE = text(
    f"""
    INSERT INTO customer_alias (tenant_id, origin_id, canonical_id)
    {_ALIASES.select("aliases")}
     ORDER BY tenant_id, customer_id
    ON CONFLICT (tenant_id, origin_id) DO UPDATE SET canonical_id = excluded.canonical_id
     WHERE customer_alias.canonical_id <> excluded.canonical_id
    """
)
_INSERT = text(
    f"""
    INSERT INTO customer_alias (tenant_id, origin_id, canonical_id)
    SELECT DISTINCT tenant_id, customer_id, customer_id
      FROM {KEY_COLUMNS.table("keys")}
     ORDER BY tenant_id, customer_id
    ON CONFLICT DO NOTHING
    """
)


async def lock_aliases(tx: Transaction, tenant_ids: Sequence[str]) -> None:
    """Allow one transaction at a time to merge customers of a tenant, so that no chain can form."""
    await tx.execute(_LOCK, {"tenants": list(tenant_ids)})


async def list_clusters(tx: Transaction, keys: Sequence[Key]) -> dict[str, dict[UUID, UUID]]:
    """Return by tenant the aliases of every id that is one customer with one of these."""
    clusters: dict[str, dict[UUID, UUID]] = {}
    for row in await tx.execute(_LIST_CLUSTERS, {"keys": key_rows(keys)}):
        clusters.setdefault(row.tenant_id, {})[row.origin_id] = row.canonical_id
    return clusters


async def save_aliases(tx: Transaction, aliases: Mapping[Key, UUID]) -> None:
    """Write the canonical ids of these ids."""
    if aliases:
        await tx.execute(_SAVE, {"aliases": _alias_rows(aliases)})


async def insert_aliases(tx: Transaction, keys: Sequence[Key]) -> None:
    """Give each id that has no row one that points at itself."""
    await tx.execute(_INSERT, {"keys": key_rows(keys)})


def _alias_rows(aliases: Mapping[Key, UUID]) -> str:
    return _ALIASES.values(
        [key_row(key) | {"canonical_id": canonical_id} for key, canonical_id in aliases.items()]
    )
