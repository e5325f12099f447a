"""The events that sla publishes: each change of a clock, with the whole clock after it."""

from typing import Any, ClassVar

from pydantic import ConfigDict, Field

from common.messaging import EventData
from common.web.requests import JsonTime
from sla.clocks.events.clock_fields import (
    ClockFields,
    Confirmed,
    Reason,
    RoutingFields,
    Sentence,
    ThresholdLabel,
)

TOPIC = "sla.clocks"


_RUNNING: dict[str, Any] = {
    "clock_id": "0199f3a2-7c41-7d0e-8b1f-4a5b6c7d8e9f",
    "conversation_id": "0199f3a2-6b10-7a52-9c3d-1e2f3a4b5c6d",
    "customer_id": "0199f39e-1f2e-7c3b-a1d4-5e6f708192a3",
    "metric": "first_response",
    "cycle": 1,
    "state": "running",
    "policy_id": "0199f201-0a0b-7c0d-8e0f-101112131415",
    "policy_version": 3,
    "policy_name": "Chat, gold customers",
    "target_seconds": 3600,
    "started_at": "2026-11-23T09:00:00.000000Z",
    "due_at": "2026-11-23T10:00:00.000000Z",
    "met_at": None,
    "breached_at": None,
    "detected_at": None,
    "confirmed": None,
    "reason": None,
    "channel": "chat",
    "priority": "high",
    "team": "deliveries",
    "assignee": "agent-17",
    "brand": "acme",
    "tags": ["delivery"],
    "conversation_url": "/v1/conversations/0199f3a2-6b10-7a52-9c3d-1e2f3a4b5c6d",
    "clock_url": "/v1/sla/clocks/0199f3a2-7c41-7d0e-8b1f-4a5b6c7d8e9f",
    "summary": "1 hour around the clock from Monday 23 Nov 2026 09:00 UTC: due Monday 10:00.",
}
_BREACHED = {
    **_RUNNING,
    "state": "breached",
    "breached_at": "2026-11-23T10:00:00.000000Z",
    "detected_at": "2026-11-23T10:00:00.312000Z",
    "confirmed": True,
}


def _example(body: dict[str, Any]) -> ConfigDict:
    return ConfigDict(frozen=True, extra="forbid", json_schema_extra={"examples": [body]})


class ClockEvent(RoutingFields, ClockFields, EventData):
    """The fields of the clock that every event carries."""

    topic: ClassVar[str] = TOPIC

    confirmed: Confirmed
    reason: Reason
    summary: Sentence = None


class ClockStartedV1(ClockEvent):
    """A clock began to run."""

    event_type: ClassVar[str] = "sla.clock.started"
    model_config = _example(_RUNNING)


class ClockPausedV1(ClockEvent):
    """The clock is paused until the status of the conversation changes; nothing is due."""

    event_type: ClassVar[str] = "sla.clock.paused"
    model_config = _example({**_RUNNING, "metric": "resolution", "state": "paused", "due_at": None})


class ClockResumedV1(ClockEvent):
    """The clock runs again, or its deadline has moved."""

    event_type: ClassVar[str] = "sla.clock.resumed"
    model_config = _example(
        {**_RUNNING, "metric": "resolution", "due_at": "2026-11-23T11:30:00.000000Z"}
    )


class ClockMetV1(ClockEvent):
    """The answer came in time, at the latest at the deadline itself."""

    event_type: ClassVar[str] = "sla.clock.met"
    model_config = _example({**_RUNNING, "state": "met", "met_at": "2026-11-23T09:41:07.250000Z"})


class ClockCancelledV1(ClockEvent):
    """The clock no longer applies; ``reason`` says why."""

    event_type: ClassVar[str] = "sla.clock.cancelled"
    model_config = _example(
        {
            **_RUNNING,
            "metric": "next_response",
            "cycle": 2,
            "state": "cancelled",
            "reason": "resolved",
        }
    )


class ClockBreachedV1(ClockEvent):
    """The deadline passed unanswered.

    The event is published again, for the same ``clock_id``, when the breach changes: ``confirmed``
    becomes true, ``met_at`` shows the late answer (with the reason ``answered_late``), or a late
    event moves the deadline. Count clocks, not events. ``confirmed`` is true once the watermark has
    passed the deadline. While it is false, because the source is silent or the late answer arrived
    quickly, an answer in time may still arrive; ``sla.breach.retracted`` then withdraws the breach.
    """

    event_type: ClassVar[str] = "sla.clock.breached"
    model_config = _example(_BREACHED)


class ClockWarningV1(ClockEvent):
    """A threshold before the deadline was reached, at ``warn_at``."""

    event_type: ClassVar[str] = "sla.clock.warning"
    model_config = _example(
        {**_RUNNING, "threshold": "75%", "warn_at": "2026-11-23T09:45:00.000000Z"}
    )

    threshold: ThresholdLabel
    warn_at: JsonTime = Field(description="When the threshold was reached, in UTC.")


class BreachRetractedV1(ClockEvent):
    """A late event proved that there was no breach, or another one than was announced.

    The fields are the clock's true state, such as ``met``. Unless that is ``running``, the event
    of this state follows.
    """

    event_type: ClassVar[str] = "sla.breach.retracted"
    model_config = _example(_RUNNING)


PUBLISHED: tuple[type[ClockEvent], ...] = (
    ClockStartedV1,
    ClockPausedV1,
    ClockResumedV1,
    ClockMetV1,
    ClockCancelledV1,
    ClockBreachedV1,
    ClockWarningV1,
    BreachRetractedV1,
)
