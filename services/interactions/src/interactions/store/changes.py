"""Writing the change feed: one row for everything that is told, numbered as it is written."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from interactions.domain.conversation import Step

_APPEND = text(
    """
    -- The transaction gets its id before it takes numbers: the readers' horizon rests on that.
    WITH me AS MATERIALIZED (SELECT pg_current_xact_id() AS xid)
    INSERT INTO change (tenant_id, sequence, xid, type, recorded_at, conversation_id, customer_id,
                        interaction_id)
    SELECT :tenant_id, nextval('interaction_sequence'), me.xid, type, :now, conversation_id,
           customer_id, interaction_id
    FROM me CROSS JOIN unnest(
        cast(:types AS text[]), cast(:conversations AS uuid[]), cast(:customers AS uuid[]),
        cast(:interactions AS uuid[]))
         AS step (type, conversation_id, customer_id, interaction_id)
    RETURNING sequence
    """
)


async def append(
    connection: AsyncConnection, tenant_id: str, steps: Sequence[Step], *, now: datetime
) -> list[int]:
    """Write one row per step and return their sequences, in the same order."""
    if not steps:
        return []
    result = await connection.execute(
        _APPEND,
        {
            "tenant_id": tenant_id,
            "now": now,
            "types": [step.told.value for step in steps],
            "conversations": [step.conversation.conversation_id for step in steps],
            "customers": [step.customer_id for step in steps],
            "interactions": [step.interaction_id for step in steps],
        },
    )
    return [row.sequence for row in result]
