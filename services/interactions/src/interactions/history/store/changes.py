"""Writing the change feed: one row for everything that is told, numbered as it is written."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text

from common.db import Columns, Transaction
from interactions.history.domain.conversation import Step

_STEP = Columns(
    {
        "type": "text",
        "conversation_id": "uuid",
        "customer_id": "uuid",
        "interaction_id": "uuid",
    }
)
_APPEND = text(
    f"""
    -- The transaction gets its id before it takes numbers: the readers' horizon rests on that.
    WITH me AS MATERIALIZED (SELECT pg_current_xact_id() AS xid)
    INSERT INTO change (tenant_id, sequence, xid, type, recorded_at, conversation_id, customer_id,
                        interaction_id)
    SELECT :tenant_id, nextval('interaction_sequence'), me.xid, type, :now, conversation_id,
           customer_id, interaction_id
    FROM me CROSS JOIN {_STEP.table("steps")}
    RETURNING sequence
    """
)


async def insert_changes(
    tx: Transaction, tenant_id: str, steps: Sequence[Step], *, now: datetime
) -> list[int]:
    """Write one row per step and return their sequences, in the same order."""
    if not steps:
        return []
    rows = [
        {
            "type": step.told,
            "conversation_id": step.conversation.conversation_id,
            "customer_id": step.customer_id,
            "interaction_id": step.interaction_id,
        }
        for step in steps
    ]
    result = await tx.execute(
        _APPEND, {"tenant_id": tenant_id, "now": now, "steps": _STEP.values(rows)}
    )
    return [row.sequence for row in result]
