"""The change feed: one row for each change, numbered in the order of writing."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text

from common.db import Columns, Transaction
from interactions.history.domain.conversation import Change

_CHANGE = Columns(
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
    FROM me CROSS JOIN {_CHANGE.table("changes")}
    RETURNING sequence
    """
)


async def insert_changes(
    tx: Transaction, tenant_id: str, changes: Sequence[Change], *, now: datetime
) -> list[int]:
    """Insert one row per change and return their sequences, in the same order."""
    if not changes:
        return []
    rows = [
        {
            "type": change.type,
            "conversation_id": change.conversation.conversation_id,
            "customer_id": change.customer_id,
            "interaction_id": change.interaction_id,
        }
        for change in changes
    ]
    result = await tx.execute(
        _APPEND, {"tenant_id": tenant_id, "now": now, "changes": _CHANGE.values(rows)}
    )
    return [row.sequence for row in result]
