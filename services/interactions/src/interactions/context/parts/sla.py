"""The customer's SLA clocks: those that run, and the latest breaches."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from common.web.requests import ResponseModel
from interactions.context.parts.conversations import OPEN_CONVERSATIONS
from interactions.context.parts.part import ContextPart, Source, show_unmasked
from interactions.history import OPEN, ShownRow, json_sql

CLOCKS_SHOWN = 100
BREACHES_SHOWN = 20


class ShownClock(ShownRow):
    clock_id: UUID
    conversation_id: UUID
    customer_id: UUID | None
    metric: Annotated[str, OPEN]
    cycle: int
    state: Annotated[str, OPEN]
    policy_id: Annotated[str | None, OPEN]
    policy_version: int | None
    policy_name: Annotated[str | None, OPEN]
    target_seconds: float | None
    started_at: datetime
    due_at: datetime | None
    met_at: datetime | None
    breached_at: datetime | None
    detected_at: datetime | None
    confirmed: bool | None
    reason: Annotated[str | None, OPEN]


class SlaPart(ResponseModel):
    clocks: list[ShownClock]
    next_deadline: datetime | None
    breaches: list[ShownClock]


# A clock also follows its conversation: sla may not know yet whose the conversation is. OFFSET 0
# keeps that a look-up for each of them, and all three states leave only the index made for it: a
# plan from a time when few clocks were breached would otherwise read all breaches of the tenant.
_CLOCKS = f"""
unclaimed AS MATERIALIZED (
    SELECT k.* FROM open_conversation c
     CROSS JOIN LATERAL (
        SELECT * FROM sla_clock k
         WHERE k.tenant_id = :tenant_id AND k.conversation_id = c.conversation_id
           AND k.state IN ('running', 'paused', 'breached')
        OFFSET 0) k
     WHERE NOT EXISTS (SELECT FROM member m WHERE m.origin_id = k.customer_id)
),
active AS MATERIALIZED (
    SELECT k.* FROM (
        SELECT k.* FROM member m
         CROSS JOIN LATERAL (
            SELECT * FROM sla_clock k
             WHERE k.tenant_id = :tenant_id AND k.customer_id = m.origin_id
               AND k.state IN ('running', 'paused')
             ORDER BY k.due_at LIMIT {CLOCKS_SHOWN}) k
        UNION ALL
        SELECT * FROM unclaimed WHERE state IN ('running', 'paused')) k
     ORDER BY k.due_at, k.clock_id LIMIT {CLOCKS_SHOWN}
),
breached AS MATERIALIZED (
    SELECT k.* FROM (
        SELECT k.* FROM member m
         CROSS JOIN LATERAL (
            SELECT * FROM sla_clock k
             WHERE k.tenant_id = :tenant_id AND k.customer_id = m.origin_id
               AND k.state = 'breached'
             ORDER BY k.breached_at DESC LIMIT {BREACHES_SHOWN}) k
        UNION ALL
        SELECT * FROM unclaimed WHERE state = 'breached') k
     ORDER BY k.breached_at DESC, k.clock_id LIMIT {BREACHES_SHOWN}
)"""

_SQL = f"""(SELECT json_build_object(
    'clocks', (SELECT coalesce(json_agg(k.body ORDER BY k.due_at, k.clock_id), '[]')
                 FROM active k),
    'next_deadline', (SELECT {json_sql.iso("min(k.due_at)")}
                        FROM active k WHERE k.state = 'running'),
    'breaches', (SELECT coalesce(json_agg(k.body ORDER BY k.breached_at DESC, k.clock_id), '[]')
                   FROM breached k))::text)"""

SLA = ContextPart(
    name="sla",
    shape=SlaPart,
    empty='{"clocks":[],"next_deadline":null,"breaches":[]}',
    mask=show_unmasked,
    source=Source.SLA,
    tables=(OPEN_CONVERSATIONS, _CLOCKS),
    sql=_SQL,
)
