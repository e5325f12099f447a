"""Contact points that must not be processed: what is known of each is its type and a keyed hash."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from common.db import Transaction

_FIND = text(
    """
    SELECT * FROM suppression
    WHERE tenant_id = :tenant_id AND suppression_id = (
        SELECT cause_id FROM denied_key
        WHERE tenant_id = :tenant_id AND digest = ANY (cast(:digests AS bytea[]))
          AND kind = 'suppressed' AND lifted_at IS NULL
        LIMIT 1)
    """
)
_INSERT = text(
    """
    INSERT INTO suppression (tenant_id, suppression_id, type, digest, reason, actor, created_at)
    VALUES (:tenant_id, :suppression_id, :type, :digest, :reason, :actor, :created_at)
    """
)
_LIFT = text(
    """
    UPDATE suppression
    SET lifted_at = coalesce(lifted_at, :now), lift_reason = coalesce(lift_reason, :reason)
    WHERE tenant_id = :tenant_id AND suppression_id = :suppression_id
    RETURNING *
    """
)


@dataclass(frozen=True, slots=True)
class Suppression:
    """``digest`` is the keyed hash of the contact point, ``type`` its type."""

    tenant_id: str
    suppression_id: UUID
    type: str
    digest: bytes
    reason: str
    actor: str
    created_at: datetime
    lifted_at: datetime | None = None
    lift_reason: str | None = None


async def find_suppression(
    tx: Transaction, tenant_id: str, digests: list[bytes]
) -> Suppression | None:
    """Return the suppression in force of the contact point with one of these hashes, or None."""
    row = (await tx.execute(_FIND, {"tenant_id": tenant_id, "digests": digests})).one_or_none()
    return None if row is None else _suppression(row)


async def insert_suppression(tx: Transaction, suppression: Suppression) -> None:
    await tx.execute(
        _INSERT,
        {
            "tenant_id": suppression.tenant_id,
            "suppression_id": suppression.suppression_id,
            "type": suppression.type,
            "digest": suppression.digest,
            "reason": suppression.reason,
            "actor": suppression.actor,
            "created_at": suppression.created_at,
        },
    )


async def mark_suppression_lifted(
    tx: Transaction, tenant_id: str, suppression_id: UUID, reason: str, *, now: datetime
) -> Suppression | None:
    """End a suppression and return it, or None if there is none with this id."""
    parameters = {
        "tenant_id": tenant_id,
        "suppression_id": suppression_id,
        "reason": reason,
        "now": now,
    }
    row = (await tx.execute(_LIFT, parameters)).one_or_none()
    return None if row is None else _suppression(row)


def _suppression(row: Any) -> Suppression:
    return Suppression(
        tenant_id=row.tenant_id,
        suppression_id=row.suppression_id,
        type=row.type,
        digest=bytes(row.digest),
        reason=row.reason,
        actor=row.actor,
        created_at=row.created_at,
        lifted_at=row.lifted_at,
        lift_reason=row.lift_reason,
    )
