"""What a run looks at: pages of customers and of quarantined identifiers, and what is beside."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import text

from common.db import Transaction
from identifiers import IdentifierKey
from identity.resolution.domain.graph.evidence import Link
from identity.resolution.domain.graph.quarantine import Quarantined
from identity.resolution.store.links import (
    LINK,
    QUARANTINE,
    links_from_json,
    quarantine_from_json,
)

MAX_LINKS = 1_000
"""More than any identifier may have before it counts as shared by many."""

_COUNT = text("SELECT count(*) FROM customer WHERE tenant_id = :tenant_id")
LIST_CUSTOMERS = text(
    """
    SELECT id FROM customer
    WHERE tenant_id = :tenant_id AND id > :after
    ORDER BY id
    LIMIT :count
    """
)
LIST_ENTRIES = text(
    """
    SELECT type, scope, value FROM quarantine
    WHERE tenant_id = :tenant_id AND (type, scope, value) > (:type, :scope, :value)
      AND released_at IS NULL
    ORDER BY type, scope, value
    LIMIT :count
    """
)


def _json(columns: Iterable[str], table: str) -> str:
    members = ", ".join(f"'{name}', {table}.{name}" for name in columns)
    return f"(SELECT json_agg(json_build_object({members})) FROM {table})"


BESIDE = text(
    f"""
    WITH asked AS MATERIALIZED (
        SELECT * FROM unnest(cast(:types AS text[]), cast(:scopes AS text[]),
                             cast(:values AS text[])) AS asked (type, scope, value)
    ), entries AS MATERIALIZED (
        SELECT held.* FROM asked
        CROSS JOIN LATERAL (
            SELECT * FROM quarantine
            WHERE tenant_id = :tenant_id AND type = asked.type AND scope = asked.scope
              AND value = asked.value AND released_at IS NULL
            LIMIT 1) AS held
    ), linked AS MATERIALIZED (
        SELECT held.* FROM entries
        CROSS JOIN LATERAL (
            SELECT * FROM link
            WHERE tenant_id = :tenant_id AND low_type = entries.type
              AND low_scope = entries.scope AND low_value = entries.value
            LIMIT {MAX_LINKS}) AS held
        UNION
        SELECT held.* FROM entries
        CROSS JOIN LATERAL (
            SELECT * FROM link
            WHERE high_value = entries.value AND high_scope = entries.scope
              AND high_type = entries.type AND tenant_id = :tenant_id
            LIMIT {MAX_LINKS}) AS held
    )
    SELECT {_json(QUARANTINE.types, "entries")} AS entries, {_json(LINK.types, "linked")} AS links
    """
)


async def count_customers(tx: Transaction, tenant_id: str) -> int:
    """Return how many ids of customers the tenant has; reads them all."""
    return int((await tx.execute(_COUNT, {"tenant_id": tenant_id})).scalar_one())


async def list_customer_ids(
    tx: Transaction, tenant_id: str, *, after: UUID, count: int
) -> list[UUID]:
    """Return the next ids of customers, also those that were merged: they lead to others."""
    values = {"tenant_id": tenant_id, "after": after, "count": count}
    return [row.id for row in await tx.execute(LIST_CUSTOMERS, values)]


async def list_quarantined_keys(
    tx: Transaction, tenant_id: str, *, after: IdentifierKey, count: int
) -> list[IdentifierKey]:
    """Return the next keys that are in quarantine."""
    values = {"tenant_id": tenant_id, "count": count, **after._asdict()}
    rows = await tx.execute(LIST_ENTRIES, values)
    return [IdentifierKey(row.type, row.scope, row.value) for row in rows]


async def list_quarantined(
    tx: Transaction, tenant_id: str, keys: Iterable[IdentifierKey]
) -> tuple[list[Quarantined], list[Link]]:
    """Return those of the keys that are in quarantine, and their links."""
    types, scopes, values = zip(*sorted(keys), strict=True)
    parameters = {
        "tenant_id": tenant_id,
        "types": list(types),
        "scopes": list(scopes),
        "values": list(values),
    }
    row = (await tx.execute(BESIDE, parameters)).one()
    return quarantine_from_json(row.entries or ()), links_from_json(row.links or ())
