"""Customers that were made of nothing usable, and how far the search for them is."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text

from common.db import Transaction

# One search; another one, for another kind of customers, would have another name.
_SEARCH = "nothing_usable"
_BEGIN = text(
    f"""
    INSERT INTO retirement (search, began_at, tenant_id, customer_id, finished)
    VALUES ('{_SEARCH}', :now, '', '00000000-0000-0000-0000-000000000000', false)
    ON CONFLICT DO NOTHING
    """
)
_LOCK = text(
    f"""
    SELECT began_at, tenant_id, customer_id, finished FROM retirement
    WHERE search = '{_SEARCH}'
    FOR UPDATE
    """
)
_SAVE = text(
    f"""
    UPDATE retirement
    SET tenant_id = :tenant_id, customer_id = :customer_id, finished = :finished
    WHERE search = '{_SEARCH}'
    """
)
LIST = text(
    """
    SELECT tenant_id, id FROM customer
    WHERE (tenant_id, id) > (:tenant_id, :customer_id)
    ORDER BY tenant_id, id
    LIMIT :count
    """
)
# A customer that lost an identifier to another one or to quarantine had one, and so did one that
# absorbed somebody or claims something. OFFSET 0 keeps each condition a look-up by index, also in
# young tables.
_IS_EMPTY = """
    customer.merged_into IS NULL AND customer.retired_at IS NULL AND customer.created_at < :before
    AND NOT EXISTS (SELECT FROM identifier
                    WHERE identifier.customer_id = customer.id
                      AND identifier.tenant_id = customer.tenant_id OFFSET 0)
    AND NOT EXISTS (SELECT FROM customer_alias
                    WHERE customer_alias.canonical_id = customer.id
                      AND customer_alias.tenant_id = customer.tenant_id
                      AND customer_alias.origin_id <> customer.id OFFSET 0)
    AND NOT EXISTS (SELECT FROM key_conflict
                    WHERE key_conflict.customer_id = customer.id
                      AND key_conflict.tenant_id = customer.tenant_id OFFSET 0)
    AND NOT EXISTS (SELECT FROM quarantine
                    WHERE quarantine.customer_id = customer.id
                      AND quarantine.tenant_id = customer.tenant_id OFFSET 0)
    AND NOT EXISTS (SELECT FROM claim
                    WHERE claim.customer_id = customer.id
                      AND claim.tenant_id = customer.tenant_id OFFSET 0)
"""
LOCK_EMPTY = text(
    f"""
    SELECT customer.id FROM customer
    WHERE customer.tenant_id = :tenant_id AND customer.id = ANY(cast(:ids AS uuid[]))
      AND {_IS_EMPTY}
    ORDER BY customer.id
    FOR UPDATE
    """
)
RETIRE = text(
    f"""
    WITH unlisted AS (
        DELETE FROM customer_search
        WHERE tenant_id = :tenant_id AND customer_id = ANY(cast(:ids AS uuid[]))
    )
    UPDATE customer SET retired_at = :now, updated_at = :now, version = version + 1
    WHERE customer.tenant_id = :tenant_id AND customer.id = ANY(cast(:ids AS uuid[]))
      AND {_IS_EMPTY}
    RETURNING customer.id, customer.version
    """
)


class Position(NamedTuple):
    """The last customer that was looked at, and when the search began."""

    began_at: datetime
    tenant_id: str
    customer_id: UUID


class Retired(NamedTuple):
    customer_id: UUID
    version: int


async def lock_position(tx: Transaction, *, now: datetime) -> Position | None:
    """Return where to go on, locked against other processes; None if all is done."""
    await tx.execute(_BEGIN, {"now": now})
    row = (await tx.execute(_LOCK)).one()
    return None if row.finished else Position(row.began_at, row.tenant_id, row.customer_id)


async def list_customers(tx: Transaction, after: Position, *, count: int) -> list[tuple[str, UUID]]:
    """Return tenant and id of the next customers."""
    values = {"tenant_id": after.tenant_id, "customer_id": after.customer_id, "count": count}
    return [(row.tenant_id, row.id) for row in await tx.execute(LIST, values)]


async def mark_retired(
    tx: Transaction, tenant_id: str, ids: Sequence[UUID], *, before: datetime, now: datetime
) -> list[Retired]:
    """Retire those of these customers that are empty, and were created ``before`` that time.

    They are locked first: what another transaction links to them meanwhile is then seen.
    """
    values = {"tenant_id": tenant_id, "ids": list(ids), "before": before}
    empty = [row.id for row in await tx.execute(LOCK_EMPTY, values)]
    if not empty:
        return []
    rows = await tx.execute(RETIRE, {**values, "ids": empty, "now": now})
    return sorted(Retired(row.id, row.version) for row in rows)


async def save_position(tx: Transaction, position: Position, *, finished: bool) -> None:
    """Note the last customer that was looked at."""
    await tx.execute(
        _SAVE,
        {
            "tenant_id": position.tenant_id,
            "customer_id": position.customer_id,
            "finished": finished,
        },
    )
