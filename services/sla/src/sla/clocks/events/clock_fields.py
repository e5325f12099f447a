"""The fields of a clock that events and the API share."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from common.web.requests import JsonTime, one_of
from sla.clocks.domain.clocks import ClockState
from sla.rules.domain.policy import Metric

MetricName = Annotated[Metric, one_of(Metric)]
StateName = Annotated[ClockState, one_of(ClockState)]

Confirmed = Annotated[
    bool | None,
    Field(
        description="Whether the breach is certain: true once everything from before the deadline "
        "has been consumed, false until then, null without a breach."
    ),
]
Reason = Annotated[
    str | None,
    Field(
        description="Why the clock is in its state. Of a cancelled clock: `resolved` (the "
        "conversation was resolved or closed without the answer), `no_policy` (no policy covers "
        "the conversation now), `policy_without_metric` (its policy has no target for this metric "
        "and priority) or `superseded` (late events show that no such clock ever ran). Of a "
        "breached clock: `answered_late`, `ended_unanswered` (resolved or closed without the "
        "answer), `breached_on_apply` (the deadline had passed when the target began to apply) or "
        "`source_watermark_stalled` (not yet certain, because the source is silent). Null "
        "otherwise."
    ),
]
ThresholdLabel = Annotated[
    str,
    Field(
        description="The warning as the target's `warn_at` has it: a share of the target, such as "
        "`75%`, or a time before the deadline, such as `PT10M`."
    ),
]


class ClockFields(BaseModel):
    """What both show first, in this order."""

    clock_id: UUID = Field(description="Id of the clock.")
    conversation_id: UUID = Field(description="Id of the conversation that the clock measures.")
    customer_id: UUID | None = Field(
        description="Id of the conversation's customer; null while the customer is unknown."
    )
    metric: MetricName = Field(
        description="What the clock measures: the time to the `first_response`, to the "
        "`next_response` (from the oldest unanswered customer message) or to the `resolution`."
    )
    cycle: int = Field(
        description="Number of the clock among the conversation's clocks of this metric, from 1."
    )
    state: StateName = Field(
        description="`running` (its deadline is ahead), `paused` (no time counts and nothing is "
        "due), `met` (done by the deadline), `breached` (not done by the deadline, even if done "
        "later) or `cancelled` (it no longer applies; `reason` says why)."
    )
    policy_id: UUID = Field(description="Id of the policy that set the target.")
    policy_version: int = Field(description="Version of that policy.")
    policy_name: str = Field(description="Name of that policy, in that version.")
    target_seconds: int = Field(
        description="Time that the policy allows, in seconds that count: within the calendar's "
        "hours, if the target has a calendar, and outside pauses."
    )
    started_at: JsonTime = Field(description="When the clock started, in UTC.")
    due_at: JsonTime | None = Field(
        description="Deadline, in UTC; null while the clock is paused and when the deadline lies "
        "more than ten years ahead. A cancelled clock may have none."
    )
    met_at: JsonTime | None = Field(
        description="When the answer or resolution came, in time or late, in UTC; null without one."
    )
    breached_at: JsonTime | None = Field(
        description="When the deadline passed, in UTC: equal to `due_at`. Null without a breach."
    )
    detected_at: JsonTime | None = Field(
        description="When the service noticed the breach, in UTC; null without a breach."
    )
