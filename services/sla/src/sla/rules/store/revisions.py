"""The revisions of a tenant's rules: which policies and calendars were in force together."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text

from common.db import Transaction

_INSERT = text(
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

_LIST = text(
    """
    SELECT wanted.tenant_id, wanted.at,
           (SELECT r.revision FROM ruleset r
            WHERE r.tenant_id = wanted.tenant_id
              AND (wanted.at IS NULL OR r.created_at <= wanted.at)
            ORDER BY r.revision DESC LIMIT 1) AS revision
    FROM unnest(cast(:tenants AS text[]), cast(:times AS timestamptz[])) AS wanted (tenant_id, at)
    """
)


async def insert_revision(tx: Transaction, tenant_id: str) -> tuple[int, datetime]:
    """Take the tenant's next revision; other changes of its rules wait until this one ends."""
    row = (await tx.execute(_INSERT, {"tenant": tenant_id})).one()
    return row.revision, row.created_at


async def list_revisions(
    tx: Transaction, wanted: Sequence[tuple[str, datetime | None]]
) -> dict[tuple[str, datetime | None], int | None]:
    """Return the revision in force for each tenant and time; time None asks for the newest."""
    values = {"tenants": [tenant for tenant, _ in wanted], "times": [at for _, at in wanted]}
    result = await tx.execute(_LIST, values)
    return {(row.tenant_id, row.at): row.revision for row in result}
