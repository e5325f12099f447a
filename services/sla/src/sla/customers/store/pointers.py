"""Where ids of customers lead: for each the pointer of the highest version, whatever came first."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text

from common.db import Columns, Transaction

HEARSAY = 0
"""The version of a pointer that another customer's event tells of; any other counts more."""


class Pointer(NamedTuple):
    """An id leads to another; to itself if it is canonical again."""

    tenant_id: str
    customer_id: UUID
    target_id: UUID
    version: int
    recorded_at: datetime


_COLUMNS = Columns(
    {
        "tenant_id": "text",
        "customer_id": "uuid",
        "target_id": "uuid",
        "version": "bigint",
        "recorded_at": "timestamptz",
    }
)
_SAVE = text(
    f"""
    INSERT INTO customer_pointer AS p ({_COLUMNS.names})
    SELECT DISTINCT ON (tenant_id, customer_id) {_COLUMNS.names}
      FROM {_COLUMNS.table("pointers")}
     ORDER BY tenant_id, customer_id, version DESC, recorded_at DESC, target_id DESC
    ON CONFLICT (tenant_id, customer_id) DO UPDATE SET
        {_COLUMNS.overwrite(key=("tenant_id", "customer_id"))}
     WHERE (excluded.version, excluded.recorded_at, excluded.target_id)
         > (p.version, p.recorded_at, p.target_id)
    """
)


async def save_pointers(tx: Transaction, pointers: Sequence[Pointer]) -> None:
    """Keep the highest pointer of each id."""
    if pointers:
        rows = [pointer._asdict() for pointer in pointers]
        await tx.execute(_SAVE, {"pointers": _COLUMNS.values(rows)})
