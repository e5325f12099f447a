"""Customers who stay, in whose copies an erased person may be."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from common.db import Transaction
from common.erasing import Erasure, contains_needle

PAGE = 500
_MINE = "= ANY (cast(:ids AS uuid[]))"
_NOT_MINE = "<> ALL (cast(:ids AS uuid[]))"

# An id leads somewhere until its next version says otherwise.
_PARTNERS = text(
    f"""
    WITH concerned AS MATERIALIZED (
        SELECT customer_id FROM customer_pointer
        WHERE tenant_id = :tenant_id AND target_id {_MINE}
        UNION SELECT unnest(cast(:ids AS uuid[]))
    ), pointer AS MATERIALIZED (
        SELECT held.customer_id, held.target_id, held.recorded_at,
               lead(held.recorded_at)
                   OVER (PARTITION BY held.customer_id ORDER BY held.version) AS until
        FROM concerned CROSS JOIN LATERAL (
            SELECT * FROM customer_pointer
            WHERE tenant_id = :tenant_id AND customer_id = concerned.customer_id
            OFFSET 0) AS held
    )
    SELECT partner_id, max(parted_at) AS parted_at
    FROM (
        SELECT target_id AS partner_id, coalesce(until, recorded_at) AS parted_at FROM pointer
        WHERE customer_id {_MINE} AND target_id {_NOT_MINE}
        UNION ALL
        SELECT customer_id, coalesce(until, recorded_at) FROM pointer
        WHERE target_id {_MINE} AND customer_id {_NOT_MINE}
    ) AS partner
    GROUP BY partner_id ORDER BY partner_id
    """
)
_DELETE_POINTERS = text(
    f"""
    DELETE FROM customer_pointer
    WHERE tenant_id = :tenant_id AND (customer_id {_MINE} OR target_id {_MINE})
    """
)
_NAMING = text(
    f"""
    WITH page AS MATERIALIZED (
        SELECT customer_id, entries::text || claims::text AS content FROM customer_profile
        WHERE tenant_id = :tenant_id AND customer_id > :after
        ORDER BY customer_id LIMIT :rows
    )
    SELECT count(*) AS read,
           (SELECT customer_id FROM page ORDER BY customer_id DESC LIMIT 1) AS last,
           ARRAY(SELECT customer_id FROM page
                 WHERE customer_id {_NOT_MINE} AND {contains_needle("content")}) AS naming
    FROM page
    """
)


@dataclass(frozen=True, slots=True)
class Naming:
    """A page of customers: how many were read, up to which, and those that name the person."""

    read: int
    last: UUID | None
    naming: Sequence[UUID]


async def list_partners(
    tx: Transaction, tenant_id: str, ids: Sequence[UUID]
) -> dict[UUID, datetime]:
    """Return who was one with the person for a time, and until when that was recorded."""
    rows = await tx.execute(_PARTNERS, {"tenant_id": tenant_id, "ids": list(ids)})
    return {row.partner_id: row.parted_at for row in rows}


async def delete_pointers(tx: Transaction, tenant_id: str, ids: Sequence[UUID]) -> None:
    """Delete where the ids of the person led, and what led to them."""
    await tx.execute(_DELETE_POINTERS, {"tenant_id": tenant_id, "ids": list(ids)})


async def list_naming(tx: Transaction, erasure: Erasure, *, after: UUID | None) -> Naming:
    """Return a page of the tenant's customers, with those whose copies name the person."""
    parameters = {
        "tenant_id": erasure.tenant_id,
        "ids": list(erasure.subject_ids),
        "needles": list(erasure.needles),
        "after": after or UUID(int=0),
        "rows": PAGE,
    }
    row = (await tx.execute(_NAMING, parameters)).one()
    return Naming(row.read, row.last, row.naming)
