"""Where ids of customers lead, and have led: one pointer for each version that changed it."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text

from common.db import Columns, Transaction
from interactions.context.domain.aliases import Moment, Pointer
from interactions.context.store.keys import KEY_COLUMNS, Key, key_rows

_COLUMNS = Columns(
    {
        "tenant_id": "text",
        "customer_id": "uuid",
        "version": "bigint",
        "target_id": "uuid",
        "occurred_at": "timestamptz",
        "recorded_at": "timestamptz",
    }
)
_KEY = ("tenant_id", "customer_id", "version")

_LIST = text(
    f"""
    SELECT {_COLUMNS.of("p")}
      FROM {KEY_COLUMNS.table("keys", "m")}
     CROSS JOIN LATERAL (
        SELECT * FROM customer_pointer
         WHERE tenant_id = m.tenant_id AND customer_id = m.customer_id
        OFFSET 0) p
    """
)
_SAVE = text(_COLUMNS.upsert("customer_pointer", "pointers", key=_KEY))


async def list_pointers(tx: Transaction, keys: Sequence[Key]) -> dict[str, list[Pointer]]:
    """Return by tenant all pointers of these ids."""
    pointers: dict[str, list[Pointer]] = {}
    for row in await tx.execute(_LIST, {"keys": key_rows(keys)}):
        at = Moment(row.occurred_at, row.recorded_at)
        pointer = Pointer(row.customer_id, row.target_id, at, row.version)
        pointers.setdefault(row.tenant_id, []).append(pointer)
    return pointers


async def save_pointers(tx: Transaction, pointers: Mapping[str, Sequence[Pointer]]) -> None:
    """Insert pointers of tenants, or overwrite them; the tenants' aliases are locked."""
    rows = [_row(tenant_id, each) for tenant_id, own in pointers.items() for each in own]
    if rows:
        await tx.execute(_SAVE, {"pointers": _COLUMNS.values(rows)})


def _row(tenant_id: str, pointer: Pointer) -> dict[str, Any]:
    return {
        "tenant_id": tenant_id,
        "customer_id": pointer.customer_id,
        "version": pointer.version,
        "target_id": pointer.target_id,
        "occurred_at": pointer.at.occurred_at,
        "recorded_at": pointer.at.recorded_at,
    }
