"""Our copy of SLA clocks: the latest version of each, in whatever order the events arrive."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text

from common.db import Columns, Transaction
from interactions.history import NOBODY


class ClockCopy(NamedTuple):
    """A clock as one event described it; ``body`` is the JSON that is shown."""

    tenant_id: str
    clock_id: UUID
    conversation_id: UUID
    customer_id: UUID | None
    version: int
    metric: str
    cycle: int
    state: str
    due_at: datetime | None
    breached_at: datetime | None
    body: dict[str, Any]
    recorded_at: datetime


_COLUMNS = Columns(
    {
        "tenant_id": "text",
        "clock_id": "uuid",
        "conversation_id": "uuid",
        "customer_id": "uuid",
        "version": "bigint",
        "metric": "text",
        "cycle": "int",
        "state": "text",
        "due_at": "timestamptz",
        "breached_at": "timestamptz",
        "body": "jsonb",
        "recorded_at": "timestamptz",
    }
)
# Whose the conversation is by its own id, so that a merge that is undone takes its clocks back: sla
# tells whose it was when something happened in it.
_OWN_ID = f"coalesce(nullif(v.origin_customer_id, '{NOBODY}'), r.customer_id)"
_VALUES = ", ".join(_OWN_ID if name == "customer_id" else f"r.{name}" for name in _COLUMNS.types)
_SAVE = text(
    f"""
    INSERT INTO sla_clock ({_COLUMNS.names})
    SELECT DISTINCT ON (r.tenant_id, r.clock_id) {_VALUES}
      FROM {_COLUMNS.table("clocks")}
      LEFT JOIN LATERAL (
        SELECT origin_customer_id FROM conversation
         WHERE tenant_id = r.tenant_id AND conversation_id = r.conversation_id
         LIMIT 1) v ON true
     ORDER BY r.tenant_id, r.clock_id, r.version DESC
    ON CONFLICT (tenant_id, clock_id) DO UPDATE SET
        {_COLUMNS.overwrite(key=("tenant_id", "clock_id"))}
     WHERE excluded.version > sla_clock.version
    RETURNING tenant_id, clock_id, version
    """
)
_MOVE = text(
    """
    UPDATE sla_clock
       SET customer_id = cast(:customer_id AS uuid),
           body = jsonb_set(body, '{customer_id}', to_jsonb(cast(:customer_id AS uuid)))
     WHERE tenant_id = :tenant_id AND conversation_id = ANY (cast(:conversations AS uuid[]))
       AND state IN ('running', 'paused', 'breached')
    """
)


async def save_clocks(tx: Transaction, clocks: Sequence[ClockCopy]) -> set[tuple[str, UUID, int]]:
    """Keep the latest version of each clock; return the (tenant, clock, version) now written."""
    rows = await tx.execute(
        _SAVE, {"clocks": _COLUMNS.values([clock._asdict() for clock in clocks])}
    )
    return {(row.tenant_id, row.clock_id, row.version) for row in rows}


async def save_clock_customers(
    tx: Transaction, tenant_id: str, conversations: Sequence[UUID], *, customer_id: UUID
) -> None:
    """Show the clocks of conversations with another customer, until sla tells it with an event."""
    if conversations:
        values = {"customer_id": customer_id, "conversations": list(conversations)}
        await tx.execute(_MOVE, {"tenant_id": tenant_id, **values})
