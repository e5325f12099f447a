"""Customers that an older version of the service wrote, which no search finds yet."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from common.db import Transaction
from common.runtime import in_turns
from identity.customers.store.customer_json import attributes_from_json
from identity.customers.store.search_index import TERMS, UPSERT_TERMS, row_of

FIRST = ("", UUID(int=0))

_LOCK = text("SELECT * FROM customer_search_progress WHERE id = 1 FOR UPDATE")
NEXT = text(
    """
    SELECT tenant_id, id, version, created_at, attributes, merged_into FROM customer
    WHERE (tenant_id, id) > (:tenant_id, :customer_id) AND retired_at IS NULL
    ORDER BY tenant_id, id
    LIMIT :count
    FOR SHARE
    """
)
_UPSERT = text(UPSERT_TERMS)
_SAVE = text(
    """
    UPDATE customer_search_progress
    SET rounds_left = :rounds_left, tenant_id = :tenant_id, customer_id = :customer_id,
        resume_at = :resume_at
    WHERE id = 1
    """
)


@dataclass(frozen=True, slots=True)
class Progress:
    """The last customer of this round, how many rounds are left, and when to go on."""

    rounds_left: int
    last: tuple[str, UUID]
    resume_at: datetime


async def lock_progress(tx: Transaction) -> Progress:
    """Return how far the job has come; other processes wait."""
    row = (await tx.execute(_LOCK)).one()
    return Progress(row.rounds_left, (row.tenant_id, row.customer_id), row.resume_at)


async def save_progress(tx: Transaction, progress: Progress) -> None:
    tenant_id, customer_id = progress.last
    await tx.execute(
        _SAVE,
        {
            "rounds_left": progress.rounds_left,
            "tenant_id": tenant_id,
            "customer_id": customer_id,
            "resume_at": progress.resume_at,
        },
    )


async def insert_terms(
    tx: Transaction, after: tuple[str, UUID], *, count: int
) -> list[tuple[str, UUID]]:
    """Index the next customers, and return their tenants and ids, in order."""
    tenant_id, customer_id = after
    parameters = {"tenant_id": tenant_id, "customer_id": customer_id, "count": count}
    customers = (await tx.execute(NEXT, parameters)).all()
    by_tenant: dict[str, list[dict[str, object]]] = {}
    async for customer in in_turns(customers):
        if customer.merged_into is None:
            attributes = attributes_from_json(customer.attributes)
            row = row_of(customer.id, customer.version, customer.created_at, attributes)
            by_tenant.setdefault(customer.tenant_id, []).append(row)
    for tenant, rows in by_tenant.items():
        await tx.execute(_UPSERT, {"tenant_id": tenant, "terms": TERMS.values(rows)})
    return [(customer.tenant_id, customer.id) for customer in customers]
