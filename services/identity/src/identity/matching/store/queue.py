"""Customers whose profiles are to be read again."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import text

from common.db import Transaction

_LOCK = text(
    "SELECT pg_try_advisory_xact_lock(hashtextextended('identity.matching ' || :tenant_id, 0))"
)
_LOCK_OUT = text("SELECT pg_advisory_xact_lock(hashtextextended('identity.matching ', 0))")
INSERT = text(
    """
    INSERT INTO match_queue (tenant_id, customer_id)
    SELECT :tenant_id, id FROM unnest(cast(:ids AS uuid[])) AS changed (id)
    """
)
CLAIM = text(
    """
    WITH oldest AS MATERIALIZED (
        SELECT position, tenant_id, customer_id FROM match_queue
        WHERE CASE WHEN cast(:tenant_id AS text) IS NULL
                   THEN tenant_id <> ALL(ARRAY(
                       SELECT tenant_id FROM match_tenant WHERE is_held))
                   ELSE tenant_id = :tenant_id END
        ORDER BY position LIMIT :count
    ), chosen AS MATERIALIZED (
        SELECT * FROM oldest
        WHERE tenant_id = (SELECT tenant_id FROM oldest ORDER BY position LIMIT 1)
    ), gone AS (
        DELETE FROM match_queue
        WHERE position = ANY(ARRAY(SELECT position FROM chosen))
    )
    SELECT DISTINCT tenant_id, customer_id FROM chosen
    """
)
# The tables are read in the order of their primary keys, from where the last page ended.
BACKFILL = text(
    """
    WITH page AS MATERIALIZED (
        SELECT customer.tenant_id, customer.id, customer.merged_into
        FROM match_backfill AS reached
        CROSS JOIN LATERAL (
            SELECT tenant_id, id, merged_into FROM customer
            WHERE (tenant_id, id) > (reached.tenant_id, reached.customer_id)
            ORDER BY tenant_id, id LIMIT :count) AS customer
    ), queued AS (
        INSERT INTO match_queue (tenant_id, customer_id)
        SELECT tenant_id, id FROM page WHERE merged_into IS NULL
    ), moved AS (
        UPDATE match_backfill
        SET tenant_id = last.tenant_id, customer_id = last.id
        FROM (SELECT tenant_id, id FROM page ORDER BY tenant_id DESC, id DESC LIMIT 1) AS last
    ), done AS (
        DELETE FROM match_backfill WHERE NOT EXISTS (SELECT FROM page)
    )
    SELECT count(*) FROM page
    """
)


async def insert_customers_of_before(tx: Transaction, *, count: int) -> int:
    """Queue the next customers that there were before matching; return how many were read."""
    return int((await tx.execute(BACKFILL, {"count": count})).scalar_one())


async def lock_matching(tx: Transaction, tenant_id: str | None) -> bool:
    """Return whether this process may match: one does at a time, and one for each held tenant."""
    return bool((await tx.execute(_LOCK, {"tenant_id": tenant_id or ""})).scalar_one())


async def lock_out_matching(tx: Transaction) -> None:
    """Keep the job from writing what it has read of somebody who is about to be erased.

    It waits for a batch under way. The job locks customers afterwards, so take this lock first.
    """
    await tx.execute(_LOCK_OUT)


async def insert_changed(tx: Transaction, tenant_id: str, ids: Iterable[UUID]) -> None:
    """Note that these customers have changed."""
    await tx.execute(INSERT, {"tenant_id": tenant_id, "ids": sorted(ids)})


async def claim_changed(
    tx: Transaction, tenant_id: str | None, *, count: int
) -> tuple[str, list[UUID]]:
    """Take the oldest changes of one tenant, by default of the one that waits the longest."""
    rows = (await tx.execute(CLAIM, {"tenant_id": tenant_id, "count": count})).all()
    return (rows[0].tenant_id if rows else ""), [row.customer_id for row in rows]
