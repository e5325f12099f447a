"""The customer's SLA clocks: those that run, and the latest breaches."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from common.web.requests import ResponseModel, one_of
from interactions.context.parts.conversations import OPEN_CONVERSATIONS
from interactions.context.parts.part import ContextPart, Source, show_unmasked
from interactions.history import OPEN, ShownRow, fields, json_sql

CLOCKS_SHOWN = 100
BREACHES_SHOWN = 20
METRICS = ("first_response", "next_response", "resolution")
STATES = ("running", "paused", "met", "breached", "cancelled")


class ShownClock(ShownRow, title="ContextClock"):
    """One target applied to one conversation, as sla last published it. Times are in UTC."""

    clock_id: UUID = Field(description="Id of the clock.")
    conversation_id: Annotated[UUID, fields.CONVERSATION_ID]
    customer_id: UUID | None = Field(
        description="The customer of the conversation as sla had it; null if sla had none."
    )
    metric: Annotated[str, OPEN, one_of(METRICS)] = Field(
        description="What the clock measures: the time to the `first_response`, to the"
        " `next_response` or to the `resolution`."
    )
    cycle: int = Field(
        description="Number of the clock among the conversation's clocks of this metric, from 1 in"
        " the order in which they became known."
    )
    state: Annotated[str, OPEN, one_of(STATES)] = Field(
        description="`running`, `paused` (no time counts), `met` (done by the deadline),"
        " `breached` (not done by the deadline) or `cancelled` (it no longer applies)."
    )
    policy_id: Annotated[str | None, OPEN] = Field(
        description="Id of the policy that set the target; null if sla did not publish it."
    )
    policy_version: int | None = Field(
        description="Version of that policy; null if sla did not publish it."
    )
    policy_name: Annotated[str | None, OPEN] = Field(
        description="Name of that policy; null if sla did not publish it."
    )
    target_seconds: float | None = Field(
        description="Time that the policy allows, in seconds that count: within the calendar's"
        " hours, if the target has a calendar, and outside pauses; null if sla did not publish it."
    )
    started_at: datetime = Field(description="When the clock started.")
    due_at: datetime | None = Field(
        description="Deadline; null while the clock is paused, and when it lies more than ten years"
        " ahead. A cancelled clock may have none."
    )
    met_at: datetime | None = Field(
        description="When the answer or resolution came, in time or late; null without one."
    )
    breached_at: datetime | None = Field(
        description="When the deadline passed: equal to `due_at`; null without a breach."
    )
    detected_at: datetime | None = Field(
        description="When sla noticed the breach; null without a breach."
    )
    confirmed: bool | None = Field(
        description="Whether the breach is certain: true once everything from before the deadline"
        " has been consumed, false until then, null without a breach."
    )
    reason: Annotated[str | None, OPEN] = Field(
        description="Why the clock is in its state: `resolved`, `no_policy`,"
        " `policy_without_metric` or `superseded` if it is cancelled, `answered_late`,"
        " `ended_unanswered`, `breached_on_apply` or `source_watermark_stalled` if it is breached;"
        " null otherwise."
    )


class SlaPart(ResponseModel, title="ContextSla"):
    """The customer's running and paused clocks, and the latest breaches. Times are in UTC."""

    clocks: list[ShownClock] = Field(
        description=f"The running and paused clocks by deadline, at most {CLOCKS_SHOWN}."
    )
    next_deadline: datetime | None = Field(
        description="The earliest deadline of a running clock; null if no clock runs."
    )
    breaches: list[ShownClock] = Field(
        description=f"The latest breached clocks, newest first, at most {BREACHES_SHOWN}."
    )


# A clock also follows its conversation: sla may not know yet whose the conversation is. What both
# ways find counts once. Each way reads at most as many clocks as are shown, however many a long
# conversation has. Within a conversation all three states leave only the index made for it: a plan
# from a time when few clocks were breached would otherwise read all breaches of the tenant. There
# ``breached_at`` tells them apart, because only a breached clock has it.
_CLOCKS = f"""
active AS MATERIALIZED (
    SELECT DISTINCT ON (k.due_at, k.clock_id) k.* FROM (
        SELECT k.* FROM member m
         CROSS JOIN LATERAL (
            SELECT * FROM sla_clock k
             WHERE k.tenant_id = :tenant_id AND k.customer_id = m.origin_id
               AND k.state IN ('running', 'paused')
             ORDER BY k.due_at LIMIT {CLOCKS_SHOWN}) k
        UNION ALL
        SELECT k.* FROM open_conversation c
         CROSS JOIN LATERAL (
            SELECT * FROM sla_clock k
             WHERE k.tenant_id = :tenant_id AND k.conversation_id = c.conversation_id
               AND k.state IN ('running', 'paused', 'breached') AND k.breached_at IS NULL
             LIMIT {CLOCKS_SHOWN}) k) k
     ORDER BY k.due_at, k.clock_id LIMIT {CLOCKS_SHOWN}
),
breached AS MATERIALIZED (
    SELECT DISTINCT ON (k.breached_at, k.clock_id) k.* FROM (
        SELECT k.* FROM member m
         CROSS JOIN LATERAL (
            SELECT * FROM sla_clock k
             WHERE k.tenant_id = :tenant_id AND k.customer_id = m.origin_id
               AND k.state = 'breached'
             ORDER BY k.breached_at DESC LIMIT {BREACHES_SHOWN}) k
        UNION ALL
        SELECT k.* FROM open_conversation c
         CROSS JOIN LATERAL (
            SELECT * FROM sla_clock k
             WHERE k.tenant_id = :tenant_id AND k.conversation_id = c.conversation_id
               AND k.state IN ('running', 'paused', 'breached') AND k.breached_at IS NOT NULL
             ORDER BY k.breached_at DESC LIMIT {BREACHES_SHOWN}) k) k
     ORDER BY k.breached_at DESC, k.clock_id LIMIT {BREACHES_SHOWN}
)"""

# sla says whose a clock was when it changed; merges since, and their undoing, are known here.
_BODY = "k.body || jsonb_build_object('customer_id', t.id)"
_SQL = f"""(SELECT json_build_object(
    'clocks', (SELECT coalesce(json_agg({_BODY} ORDER BY k.due_at, k.clock_id), '[]')
                 FROM active k),
    'next_deadline', (SELECT {json_sql.iso("min(k.due_at)")}
                        FROM active k WHERE k.state = 'running'),
    'breaches', (SELECT coalesce(json_agg({_BODY} ORDER BY k.breached_at DESC, k.clock_id), '[]')
                   FROM breached k))::text)"""

SLA = ContextPart(
    name="sla",
    shape=SlaPart,
    description="The customer's SLA clocks: those that are running or paused, and the latest"
    " breaches.",
    empty='{"clocks":[],"next_deadline":null,"breaches":[]}',
    mask=show_unmasked,
    source=Source.SLA,
    tables=(OPEN_CONVERSATIONS, _CLOCKS),
    sql=_SQL,
)
