"""Stored identifiers whose keys an older version of the normaliser wrote, and lost ones."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text

from common.db import Columns, Transaction
from identifiers import NORMALISER_VERSION, IdentifierKey
from identity.rekeying.domain.rekey_plan import KeyConflict, OldKey

# A literal version lets the planner use the index of the older ones.
LIST = text(
    f"""
    SELECT tenant_id, type, scope, value, raw, source FROM identifier
    WHERE normaliser_version < {NORMALISER_VERSION}
      AND tenant_id = (SELECT tenant_id FROM identifier
                       WHERE normaliser_version < {NORMALISER_VERSION}
                       ORDER BY tenant_id LIMIT 1)
    ORDER BY tenant_id, type, scope, value
    LIMIT :count
    """
)
_LOCK = text("SELECT pg_advisory_xact_lock(hashtext('identity.rekeying'))")
_KEY = Columns({"type": "text", "scope": "text", "value": "text"})
STAMP = text(
    f"""
    UPDATE identifier SET normaliser_version = {NORMALISER_VERSION}
    FROM {_KEY.table("keys", "done")}
    WHERE identifier.tenant_id = :tenant_id AND identifier.type = done.type
      AND identifier.scope = done.scope AND identifier.value = done.value
    """
)
_CONFLICT = Columns(
    {
        "type": "text",
        "scope": "text",
        "value": "text",
        "customer_id": "uuid",
        "held_by": "uuid",
        "raw": "text",
        "level": "text",
        "reason": "text",
    }
)
_INSERT_CONFLICTS = text(
    f"""
    INSERT INTO key_conflict (tenant_id, {_CONFLICT.names}, normaliser_version, found_at)
    SELECT :tenant_id, {_CONFLICT.names}, {NORMALISER_VERSION}, :now
    FROM {_CONFLICT.table("conflicts")}
    ON CONFLICT DO NOTHING
    """
)


async def list_old_keys(tx: Transaction, *, count: int) -> tuple[str, list[OldKey]]:
    """Return the next identifiers of one tenant, and the tenant; no other process gets them."""
    await tx.execute(_LOCK)
    rows = (await tx.execute(LIST, {"count": count})).all()
    keys = [
        OldKey(IdentifierKey(row.type, row.scope, row.value), row.raw, row.source) for row in rows
    ]
    return (rows[0].tenant_id if rows else ""), keys


async def mark_current(tx: Transaction, tenant_id: str, keys: Sequence[IdentifierKey]) -> None:
    """Note that these keys are what they are under the present version."""
    rows = [key._asdict() for key in keys]
    await tx.execute(STAMP, {"tenant_id": tenant_id, "keys": _KEY.values(rows)})


async def insert_conflicts(
    tx: Transaction, tenant_id: str, conflicts: Sequence[KeyConflict], *, now: datetime
) -> None:
    """List what customers lost to others, for a person to look at."""
    rows = [
        {
            **conflict.key._asdict(),
            "customer_id": conflict.customer_id,
            "held_by": conflict.held_by,
            "raw": conflict.identifier.raw,
            "level": conflict.identifier.level.label,
            "reason": conflict.reason.value,
        }
        for conflict in conflicts
    ]
    values = {"tenant_id": tenant_id, "now": now, "conflicts": _CONFLICT.values(rows)}
    await tx.execute(_INSERT_CONFLICTS, values)
