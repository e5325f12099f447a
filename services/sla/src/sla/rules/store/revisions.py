"""The revisions of a tenant's rules: which policies and calendars were in force together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text

from common.db import Transaction

IN_FORCE = "from_revision <= :revision AND (to_revision IS NULL OR to_revision > :revision)"
"""The versions that a revision holds."""

_NEXT = text(
    """
    WITH head AS (
        INSERT INTO ruleset_head AS h (tenant_id, revision) VALUES (:tenant, 1)
        ON CONFLICT (tenant_id) DO UPDATE SET revision = h.revision + 1
        RETURNING revision
    )
    INSERT INTO ruleset (tenant_id, revision, created_at)
    SELECT :tenant, revision, clock_timestamp() FROM head
    RETURNING revision, created_at
    """
)

# For each question the revision that was in force at the time; without a time the newest.
_REVISIONS = text(
    """
    SELECT asked.tenant_id, asked.at,
           (SELECT r.revision FROM ruleset r
            WHERE r.tenant_id = asked.tenant_id AND (asked.at IS NULL OR r.created_at <= asked.at)
            ORDER BY r.revision DESC LIMIT 1) AS revision
    FROM unnest(cast(:tenants AS text[]), cast(:ats AS timestamptz[])) AS asked (tenant_id, at)
    """
)


async def next_revision(tx: Transaction, tenant_id: str) -> tuple[int, datetime]:
    """Take the tenant's next revision; other changes of its rules wait until this one ends."""
    row = (await tx.execute(_NEXT, {"tenant": tenant_id})).one()
    return row.revision, row.created_at


async def revisions(
    tx: Transaction, asked: Sequence[tuple[str, datetime | None]]
) -> dict[tuple[str, datetime | None], int | None]:
    """Return the revision in force for each tenant and time; time None asks for the newest."""
    result = await tx.execute(
        _REVISIONS, {"tenants": [t for t, _ in asked], "ats": [at for _, at in asked]}
    )
    return {(row.tenant_id, row.at): row.revision for row in result}
