"""Examples of clocks, for the API's document."""

from typing import Any

from common.story import ANNA, CONVERSATION, FIRST_RESPONSE, GOLD_POLICY, RESOLUTION
from common.web import Example

RUNNING_SENTENCE = (
    "1 hour around the clock from Monday 23 Nov 2026 09:30 UTC: due Monday 10:30,"
    " warning (75%) Monday 10:15, warning (PT5M) Monday 10:25."
)
MET_SENTENCE = (
    "1 hour around the clock from Monday 23 Nov 2026 09:30 UTC: due Monday 10:30, met Monday 10:20."
)
SHARED_FIELDS: dict[str, Any] = {
    "clock_id": FIRST_RESPONSE,
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
    "clock_url": f"/v1/sla/clocks/{FIRST_RESPONSE}",
}
"""What a running clock and its events show alike."""
_CLOCK: dict[str, Any] = SHARED_FIELDS | {
    "ended_at": None,
    "severity": "warning",
    "version": 2,
    "warnings": [
        {"threshold": "75%", "warn_at": "2026-11-23T10:15:00.000000Z", "sent": True},
        {"threshold": "PT5M", "warn_at": "2026-11-23T10:25:00.000000Z", "sent": False},
    ],
    "explanation": {
        "counts_by": "around_the_clock",
        "calendar_id": None,
        "calendar_version": None,
        "in_force_at": "2026-11-23T09:30:00.000000Z",
        "pauses": [],
        "earlier_pauses": 0,
    },
}
_RESOLUTION: dict[str, Any] = _CLOCK | {
    "clock_id": RESOLUTION,
    "metric": "resolution",
    "target_seconds": 28_800,
    "due_at": "2026-11-23T17:30:00.000000Z",
    "clock_url": f"/v1/sla/clocks/{RESOLUTION}",
    "severity": "info",
    "version": 1,
    "warnings": [],
}
_COUNTED = {
    "start": "2026-11-23T09:30:00.000000Z",
    "end": "2026-11-23T10:16:00.000000Z",
    "counted": True,
    "why": "around_the_clock",
    "counted_seconds": 2760.0,
    "expected": False,
}
_RUNNING: dict[str, Any] = _CLOCK | {
    "summary": RUNNING_SENTENCE,
    "trace": {
        "until": "2026-11-23T10:30:00.000000Z",
        "as_of": "2026-11-23T10:16:00.000000Z",
        "counted_seconds": 2760.0,
        "uncounted_seconds": 0.0,
        "expected_seconds": 840.0,
        "stretches": [
            _COUNTED,
            {
                "start": "2026-11-23T10:16:00.000000Z",
                "end": "2026-11-23T10:30:00.000000Z",
                "counted": True,
                "why": "around_the_clock",
                "counted_seconds": 840.0,
                "expected": True,
            },
        ],
        "truncated": False,
    },
}
_MET: dict[str, Any] = _CLOCK | {
    "state": "met",
    "met_at": "2026-11-23T10:20:00.000000Z",
    "ended_at": "2026-11-23T10:20:00.000000Z",
    "severity": "info",
    "version": 6,
    "warnings": [
        {"threshold": "75%", "warn_at": None, "sent": True},
        {"threshold": "PT5M", "warn_at": None, "sent": True},
    ],
    "summary": MET_SENTENCE,
    "trace": {
        "until": "2026-11-23T10:20:00.000000Z",
        "as_of": "2026-11-23T10:20:00.000000Z",
        "counted_seconds": 3000.0,
        "uncounted_seconds": 0.0,
        "expected_seconds": 0.0,
        "stretches": [_COUNTED | {"end": "2026-11-23T10:20:00.000000Z", "counted_seconds": 3000.0}],
        "truncated": False,
    },
}

LIST_CLOCKS = (
    Example(
        name="of_conversation",
        summary="The clocks of one conversation",
        query={"conversation_id": CONVERSATION},
        answer={"items": [_CLOCK, _RESOLUTION], "next": None},
    ),
    Example(
        name="nothing_late",
        summary="No clock is breached",
        query={"state": ["breached"]},
        answer={"items": [], "next": None},
    ),
)
READ_CLOCK = (
    Example(
        name="running",
        summary="A running clock, due in a quarter of an hour",
        path={"clock_id": FIRST_RESPONSE},
        answer=_RUNNING,
    ),
    Example(
        name="met",
        summary="The same clock: the answer had come in time",
        path={"clock_id": FIRST_RESPONSE},
        answer=_MET,
    ),
)
