"""Policies as callers write and read them."""

from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints, WithJsonSchema
from pydantic.config import JsonDict

from common.jsons import describe_pattern
from common.web.requests import JsonTime, Name, RequestModel, ResponseModel, ShortText, one_of
from sla.rules.domain.conditions import FIELDS, OPERATORS
from sla.rules.domain.durations import MAX_SECONDS
from sla.rules.domain.policy import AgentInitiated, Metric, OnReopen
from sla.rules.domain.policy_parser import PAUSE_STATES

MetricName = Annotated[Metric, Field(strict=False), one_of(Metric)]
_TIME = "PT([0-9]{1,5}H([0-9]{1,6}M)?([0-9]{1,8}S)?|[0-9]{1,6}M([0-9]{1,8}S)?|[0-9]{1,8}S)"
_DURATION = describe_pattern(f"^{_TIME}$", "must be a duration such as PT4H30M")
_SHARE_OR_DURATION = describe_pattern(
    f"^((0?[1-9]|[1-9][0-9])%|{_TIME})$", "must be a percentage such as 75% or a duration"
)
_Duration = Annotated[
    str,
    StringConstraints(max_length=32),
    WithJsonSchema({"type": "string", "pattern": _DURATION}),
]
_Threshold = Annotated[
    str,
    StringConstraints(max_length=16),
    WithJsonSchema({"type": "string", "maxLength": 16, "pattern": _SHARE_OR_DURATION}),
]
_PauseState = Annotated[str, StringConstraints(max_length=16), one_of(PAUSE_STATES)]

_NAME = Field(description="Name of the policy, which its clocks show.")
_POSITION = Field(
    description="Place in the order in which policies are tried, lowest first; unique among the "
    "tenant's policies. The first whose conditions hold covers the conversation."
)
_ENABLED = Field(
    description="Whether the policy takes part in matching; a disabled policy covers no further "
    "conversations."
)
_CONDITIONS = Field(
    description="What a conversation must satisfy; without conditions the policy covers every "
    "conversation."
)
_TARGETS = Field(
    json_schema_extra={"minItems": 1},
    description="What the policy promises: at least one target, and at most one for each metric "
    "and priority.",
)
_AGENT_INITIATED = Field(
    description="When the first-response and resolution clocks start in a conversation that the "
    "customer did not open: `skip` (never), `from_first_customer_message` (at the customer's first "
    "message) or `from_creation` (at once; the opening message is not the answer)."
)

_EXAMPLE: JsonDict = {
    "name": "Chat, gold customers",
    "position": 10,
    "conditions": {"all": [{"field": "channel", "op": "in", "value": ["chat", "sms"]}]},
    "targets": [
        {"metric": "first_response", "seconds": 3600, "warn_at": ["50%", "75%", "PT10M"]},
        {"metric": "resolution", "priority": "urgent", "duration": "PT8H"},
    ],
}


class ConditionBody(RequestModel, title="Condition"):
    """A comparison with one attribute of the conversation."""

    field: Annotated[str, StringConstraints(max_length=64), one_of(FIELDS)] = Field(
        description="Attribute of the conversation: `channel`, `channel_account`, `priority`, "
        "`team`, `assignee`, `tags`, `language`, `brand`, `customer_tier` or `opened_by`. A "
        "comparison with `tags` matches if any tag does."
    )
    op: Annotated[str, StringConstraints(max_length=16), one_of(OPERATORS)] = Field(
        description="`eq` (equals the value), `ne` (does not), `in` (is in the list), `not_in` (is "
        "not) or `exists` (has a value). `ne` and `not_in` hold without the attribute, too."
    )
    value: ShortText | bool | Annotated[list[ShortText], Field(max_length=200)] | None = Field(
        default=None,
        description="A string for `eq` and `ne`, a non-empty list of strings for `in` and "
        "`not_in`. For `exists`: true or null if the attribute must have a value, false if it must "
        "have none.",
    )


class ConditionsBody(RequestModel, title="Conditions"):
    """All of ``all`` must hold, and one of ``any`` unless it is empty."""

    all: list[ConditionBody] = Field(
        default=[], max_length=50, description="Conditions that must all hold."
    )
    any: list[ConditionBody] = Field(
        default=[],
        max_length=50,
        description="Conditions of which at least one must hold, unless the list is empty.",
    )


class TargetBody(RequestModel, title="Target"):
    """``seconds`` or ``duration`` (ISO 8601 without days); ``priority`` null covers any."""

    metric: MetricName = Field(
        description="What must happen in time: the `first_response`, the `next_response` (to the "
        "oldest unanswered customer message) or the `resolution`."
    )
    priority: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = Field(
        default=None,
        description="Priority of the conversations that the target is for; null for every priority "
        "without a target of its own.",
    )
    seconds: Annotated[int, Field(ge=1, le=MAX_SECONDS)] | None = Field(
        default=None,
        description="Time allowed, in seconds that count (up to 366 days); null with `duration`. "
        "Set exactly one of the two.",
    )
    duration: _Duration | None = Field(
        default=None,
        description="Time allowed, as an ISO 8601 duration in hours, minutes and seconds, such as "
        "`PT4H30M`; days are rejected. Null with `seconds`.",
    )
    calendar_id: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = Field(
        default=None,
        description="Id of the calendar in whose open hours time counts; null to count around the "
        "clock.",
    )
    warn_at: list[_Threshold] = Field(
        default=[],
        max_length=10,
        description="When to warn: after a share of the target, from `1%` to `99%`, or some time "
        "before the deadline, as an ISO 8601 duration such as `PT10M` that is shorter than the "
        "target. Both count in the target's hours; empty for no warnings.",
    )
    pause_on: list[_PauseState] | None = Field(
        default=None,
        max_length=4,
        description="Statuses of the conversation that pause the clock: `pending` and `on_hold`. "
        "Null for both if the metric is `resolution` and for neither if it is another; empty for "
        "neither.",
    )
    human_only: bool = Field(
        default=True,
        description="Whether only an agent's own message is a response; false to accept automated "
        "messages, too. Without effect on the resolution.",
    )
    private_notes: bool = Field(
        default=False,
        description="Whether an agent's private note is a response, too. Without effect on the "
        "resolution.",
    )
    reopen: OnReopen = Field(
        default="continue",
        description="What reopening does to the resolution clock: `continue` (the same clock goes "
        "on, with the closed time as a pause, unless it breached) or `new_cycle` (a new clock "
        "starts). Without effect on the responses.",
    )


class PolicyRequest(RequestModel):
    """A policy: which conversations it covers, and what it promises."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    name: Annotated[Name, _NAME]
    position: Annotated[int, Field(ge=0, le=1_000_000), _POSITION]
    enabled: Annotated[bool, _ENABLED] = True
    conditions: Annotated[ConditionsBody, _CONDITIONS] = ConditionsBody()
    targets: Annotated[list[TargetBody], Field(max_length=100), _TARGETS]
    agent_initiated: Annotated[AgentInitiated, _AGENT_INITIATED] = "from_first_customer_message"


class PolicyResponse(ResponseModel, title="Policy"):
    """A policy as it was saved, with its id and version."""

    policy_id: UUID = Field(description="Id of the policy.")
    version: int = Field(description="Version of the policy; each change makes the next, from 1.")
    created_at: JsonTime = Field(description="When this version was saved, in UTC.")
    name: Annotated[str, _NAME]
    position: Annotated[int, _POSITION]
    enabled: Annotated[bool, _ENABLED]
    conditions: Annotated[ConditionsBody, _CONDITIONS]
    targets: Annotated[list[TargetBody], _TARGETS]
    agent_initiated: Annotated[AgentInitiated, _AGENT_INITIATED]


class PolicyList(ResponseModel):
    """A page of policies."""

    items: list[PolicyResponse] = Field(
        description="Policies in their current versions, ordered by position."
    )
    next: str | None = Field(
        description="The `cursor` that reads the next page; null on the last page."
    )
