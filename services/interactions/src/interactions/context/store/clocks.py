"""Our copy of SLA clocks: the latest version of each, whatever order the events come in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from common.db import Transaction


@dataclass(frozen=True, slots=True)
class ClockCopy:
    """A clock as one event told it; ``body`` is the JSON that is shown."""

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
    body: str
    recorded_at: datetime


_SAVE = text(
    """
    INSERT INTO sla_clock (tenant_id, clock_id, conversation_id, customer_id, version, metric,
                           cycle, state, due_at, breached_at, body, recorded_at)
    SELECT DISTINCT ON (tenant_id, clock_id) *
      FROM unnest(cast(:tenant_ids AS text[]), cast(:clock_ids AS uuid[]),
                  cast(:conversation_ids AS uuid[]), cast(:customer_ids AS uuid[]),
                  cast(:versions AS bigint[]), cast(:metrics AS text[]), cast(:cycles AS int[]),
                  cast(:states AS text[]), cast(:due_ats AS timestamptz[]),
                  cast(:breached_ats AS timestamptz[]), cast(:bodies AS jsonb[]),
                  cast(:recorded_ats AS timestamptz[]))
           m (tenant_id, clock_id, conversation_id, customer_id, version, metric, cycle, state,
              due_at, breached_at, body, recorded_at)
     ORDER BY tenant_id, clock_id, version DESC
    ON CONFLICT (tenant_id, clock_id) DO UPDATE SET
        conversation_id = excluded.conversation_id,
        customer_id = excluded.customer_id,
        version = excluded.version,
        metric = excluded.metric,
        cycle = excluded.cycle,
        state = excluded.state,
        due_at = excluded.due_at,
        breached_at = excluded.breached_at,
        body = excluded.body,
        recorded_at = excluded.recorded_at
     WHERE excluded.version > sla_clock.version
    RETURNING tenant_id, clock_id, version
    """
)


async def save_clocks(tx: Transaction, clocks: Sequence[ClockCopy]) -> set[tuple[str, UUID, int]]:
    """Keep the latest version of each clock; return the (tenant, clock, version) now written."""
    rows = await tx.execute(
        _SAVE,
        {
            "tenant_ids": [c.tenant_id for c in clocks],
            "clock_ids": [c.clock_id for c in clocks],
            "conversation_ids": [c.conversation_id for c in clocks],
            "customer_ids": [c.customer_id for c in clocks],
            "versions": [c.version for c in clocks],
            "metrics": [c.metric for c in clocks],
            "cycles": [c.cycle for c in clocks],
            "states": [c.state for c in clocks],
            "due_ats": [c.due_at for c in clocks],
            "breached_ats": [c.breached_at for c in clocks],
            "bodies": [c.body for c in clocks],
            "recorded_ats": [c.recorded_at for c in clocks],
        },
    )
    return {(row.tenant_id, row.clock_id, row.version) for row in rows}
