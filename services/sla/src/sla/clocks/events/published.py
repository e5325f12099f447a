"""The events that sla publishes: each change of a clock, with the whole clock after it."""

from typing import Any, ClassVar

from pydantic import ConfigDict, Field

from common.messaging import EventData
from common.story import (
    ANNA,
    CONVERSATION,
    FIRST_RESPONSE,
    GOLD_POLICY,
    NEXT_RESPONSE,
    RESOLUTION,
)
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


_HOUR = "1 hour around the clock from Monday 23 Nov 2026 09:30 UTC"
RUNNING_SENTENCE = (
    f"{_HOUR}: due Monday 10:30, warning (75%) Monday 10:15, warning (PT5M) Monday 10:25."
)
MET_SENTENCE = f"{_HOUR}: due Monday 10:30, met Monday 10:20."
_DAY = "8 hours around the clock from Monday 23 Nov 2026 09:30 UTC"


def clock_example(clock_id: str) -> dict[str, Any]:
    """Return what a running clock of the examples' conversation and its events show alike."""
    return {
        "clock_id": clock_id,
        "conversation_id": CONVERSATION,
        "customer_id": ANNA,
        "metric": "first_response",
        "cycle": 1,
        "state": "running",
        "policy_id": GOLD_POLICY,
        "policy_version": 1,
        "policy_name": "Messages, gold customers",
        "target_seconds": 3600,
        "started_at": "2026-11-23T09:30:00.000000Z",
        "due_at": "2026-11-23T10:30:00.000000Z",
        "met_at": None,
        "breached_at": None,
        "detected_at": None,
        "confirmed": None,
        "reason": None,
        "channel": "chat",
        "priority": "urgent",
        "team": "deliveries",
        "assignee": "agent-17",
        "brand": "acme",
        "tags": ["delivery", "refund"],
        "conversation_url": f"/v1/conversations/{CONVERSATION}",
        "clock_url": f"/v1/sla/clocks/{clock_id}",
    }


def _clock(clock_id: str, **fields: Any) -> dict[str, Any]:
    """Return the data of an event about a clock of the examples' conversation."""
    return clock_example(clock_id) | {"summary": RUNNING_SENTENCE} | fields


_OPENED = {"priority": "high", "assignee": None, "tags": ["delivery"]}
_MET = {
    "state": "met",
    "met_at": "2026-11-23T10:20:00.000000Z",
    "summary": MET_SENTENCE,
}
_TO_RESOLVE = {"metric": "resolution", "target_seconds": 28_800}


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
    model_config = _example(_clock(FIRST_RESPONSE, **_OPENED))


class ClockPausedV1(ClockEvent):
    """The clock is paused until the status of the conversation changes; nothing is due."""

    event_type: ClassVar[str] = "sla.clock.paused"
    model_config = _example(
        _clock(
            RESOLUTION,
            **_TO_RESOLVE,
            state="paused",
            due_at=None,
            summary=f"{_DAY}: 1 h 10 min counted, paused since Monday 10:40 (pending), no deadline"
            " until the pause ends.",
        )
    )


class ClockResumedV1(ClockEvent):
    """The clock runs again, or its deadline has moved."""

    event_type: ClassVar[str] = "sla.clock.resumed"
    model_config = _example(
        _clock(
            RESOLUTION,
            **_TO_RESOLVE,
            due_at="2026-11-23T17:55:00.000000Z",
            summary=f"{_DAY}: paused for 25 min from Monday 10:40 (pending), due Monday 17:55.",
        )
    )


class ClockMetV1(ClockEvent):
    """The answer came in time, at the latest at the deadline itself."""

    event_type: ClassVar[str] = "sla.clock.met"
    model_config = _example(_clock(FIRST_RESPONSE, **_MET))


class ClockCancelledV1(ClockEvent):
    """The clock no longer applies; ``reason`` says why."""

    event_type: ClassVar[str] = "sla.clock.cancelled"
    model_config = _example(
        _clock(
            NEXT_RESPONSE,
            metric="next_response",
            state="cancelled",
            reason="resolved",
            started_at="2026-11-23T11:05:00.000000Z",
            due_at="2026-11-23T12:05:00.000000Z",
            priority=None,
            summary="1 hour around the clock from Monday 23 Nov 2026 11:05 UTC: cancelled: the"
            " conversation was resolved without the answer.",
        )
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
    model_config = _example(
        _clock(
            FIRST_RESPONSE,
            state="breached",
            breached_at="2026-11-23T10:30:00.000000Z",
            detected_at="2026-11-23T10:30:30.312000Z",
            confirmed=False,
            reason="source_watermark_stalled",
            summary=f"{_HOUR}: due Monday 10:30, breached: not certain yet, because the source is"
            " silent.",
        )
    )


class ClockWarningV1(ClockEvent):
    """A threshold before the deadline was reached, at ``warn_at``."""

    event_type: ClassVar[str] = "sla.clock.warning"
    model_config = _example(
        _clock(FIRST_RESPONSE, threshold="75%", warn_at="2026-11-23T10:15:00.000000Z")
    )

    threshold: ThresholdLabel
    warn_at: JsonTime = Field(description="When the threshold was reached, in UTC.")


class BreachRetractedV1(ClockEvent):
    """A late event proved that there was no breach, or another one than was announced.

    The fields are the clock's true state, such as ``met``. Unless that is ``running``, the event
    of this state follows.
    """

    event_type: ClassVar[str] = "sla.breach.retracted"
    model_config = _example(_clock(FIRST_RESPONSE, **_MET))


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
