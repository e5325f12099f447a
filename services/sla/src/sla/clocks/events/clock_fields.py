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
Sentence = Annotated[
    str | None,
    Field(
        description="One sentence in English that says why the deadline is what it is: the time "
        "that counts, the zone and the calendar, the open days, pauses and holidays up to it, and "
        "how the clock stands. Null in events from before this field."
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
        description="Number of the clock among the conversation's clocks of this metric, from 1 in "
        "the order in which they became known. A late message can add a clock that started before "
        "others; it gets the next number, and the others keep theirs."
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


class RoutingFields(BaseModel):
    """What both show of the conversation, as its latest event had it: who has to know.

    A field whose name is an attribute of the conversation takes its value.
    """

    channel: str | None = Field(
        default=None,
        description="Channel of the conversation, such as `email`, `chat` or `sms`; the tenant may "
        "use any name.",
    )
    priority: str | None = Field(
        default=None,
        description="Priority of the conversation, a code of the tenant's own such as `high`; null "
        "if it is not set.",
    )
    team: str | None = Field(
        default=None,
        description="Team that the conversation is assigned to; null without one.",
    )
    assignee: str | None = Field(
        default=None,
        description="Person or bot that the conversation is assigned to, by the tenant's own id; "
        "null without one.",
    )
    brand: str | None = Field(
        default=None,
        description="Brand that the conversation is about; null if it was not reported.",
    )
    tags: list[str] = Field(
        default_factory=list,
        description="Tags of the conversation, in the order in which they were set.",
    )
    conversation_url: str | None = Field(
        default=None,
        description="Where the API shows the conversation: a path below the API's base URL, or a "
        "whole URL if the service knows its own. Null in events from before this field.",
    )
    clock_url: str | None = Field(
        default=None,
        description="Where the API shows the clock with its trace, in the same form.",
    )


class Links:
    """The addresses in answers and events: paths, unless the service knows its own base URL."""

    def __init__(self, base_url: str | None) -> None:
        self._base_url = (base_url or "").rstrip("/")

    def to_conversation(self, conversation_id: UUID) -> str:
        return f"{self._base_url}/v1/conversations/{conversation_id}"

    def to_clock(self, clock_id: UUID) -> str:
        return f"{self._base_url}/v1/sla/clocks/{clock_id}"
