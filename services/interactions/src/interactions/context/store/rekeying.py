"""How far the keys of customers are those of the normaliser's present version."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from common.db import Transaction
from common.jsons import loads
from identifiers import NORMALISER_VERSION

_BEGIN = text(
    """
    INSERT INTO rekeying (normaliser_version, tenant_id, customer_id, finished)
    VALUES (:version, '', '00000000-0000-0000-0000-000000000000', false)
    ON CONFLICT DO NOTHING
    """
)
_LOCK = text(
    """
    SELECT tenant_id, customer_id, finished FROM rekeying
    WHERE normaliser_version = :version
    FOR UPDATE
    """
)
_NEXT = text(
    """
    SELECT p.tenant_id, p.customer_id, p.updated_at,
           -- The profile of an absorbed customer stays as it was: it has no identifier any more.
           CASE WHEN a.canonical_id <> p.customer_id THEN '[]'
                ELSE p.identifiers::text END AS identifiers
    FROM customer_profile p
    LEFT JOIN customer_alias a ON a.tenant_id = p.tenant_id AND a.origin_id = p.customer_id
    WHERE (p.tenant_id, p.customer_id) > (:tenant_id, :customer_id)
    ORDER BY p.tenant_id, p.customer_id
    LIMIT :count
    FOR SHARE OF p
    """
)
_SAVE = text(
    """
    UPDATE rekeying
    SET tenant_id = :tenant_id, customer_id = :customer_id, finished = :finished
    WHERE normaliser_version = :version
    """
)
_DELETE_OLDER = text(
    """
    DELETE FROM known_identifier k
    USING unnest(cast(:tenants AS text[]), cast(:customers AS uuid[])) AS done (tenant_id, id)
    WHERE k.tenant_id = done.tenant_id AND k.customer_id = done.id
      AND k.normaliser_version < :version
    """
)


@dataclass(frozen=True, slots=True)
class Position:
    """The last profile that is done, in the order of tenant and customer."""

    tenant_id: str
    customer_id: UUID


@dataclass(frozen=True, slots=True)
class StoredProfile:
    """The identifiers of a profile, as stored, and when it was written."""

    tenant_id: str
    customer_id: UUID
    identifiers: list[dict[str, Any]]
    updated_at: datetime


async def lock_position(tx: Transaction) -> Position | None:
    """Return where to go on, locked against other processes; None if all is done."""
    values = {"version": NORMALISER_VERSION}
    await tx.execute(_BEGIN, values)
    row = (await tx.execute(_LOCK, values)).one()
    return None if row.finished else Position(row.tenant_id, row.customer_id)


async def list_profiles(tx: Transaction, after: Position, *, count: int) -> list[StoredProfile]:
    """Return the next profiles, locked so that no event changes them until the end."""
    values = {"tenant_id": after.tenant_id, "customer_id": after.customer_id, "count": count}
    return [
        StoredProfile(row.tenant_id, row.customer_id, loads(row.identifiers), row.updated_at)
        for row in await tx.execute(_NEXT, values)
    ]


async def delete_older_keys(tx: Transaction, profiles: list[StoredProfile]) -> None:
    """Delete the keys of these customers that an older version wrote."""
    values = {
        "tenants": [profile.tenant_id for profile in profiles],
        "customers": [profile.customer_id for profile in profiles],
        "version": NORMALISER_VERSION,
    }
    await tx.execute(_DELETE_OLDER, values)


async def save_position(tx: Transaction, position: Position, *, finished: bool) -> None:
    """Note the last profile that is done."""
    await tx.execute(
        _SAVE,
        {
            "version": NORMALISER_VERSION,
            "tenant_id": position.tenant_id,
            "customer_id": position.customer_id,
            "finished": finished,
        },
    )
