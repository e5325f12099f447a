"""Examples of clocks, for the API's document."""

from typing import Any

from common.web import Example

_CLOCK_ID = "0199f3a2-7c41-7d0e-8b1f-4a5b6c7d8e9f"
_CONVERSATION = "0199f3a2-6b10-7a52-9c3d-1e2f3a4b5c6d"
SHARED_FIELDS: dict[str, Any] = {
    "clock_id": _CLOCK_ID,
    "conversation_id": _CONVERSATION,
    "customer_id": "0199a1c0-6d3e-7b52-9c1f-3a5d0e7b4c21",
    "metric": "first_response",
    "cycle": 1,
    "state": "running",
    "policy_id": "0199f201-0a0b-7c0d-8e0f-101112131415",
    "policy_version": 1,
    "policy_name": "Chat, gold customers",
    "target_seconds": 3600,
    "started_at": "2026-11-23T09:00:00.000000Z",
    "due_at": "2026-11-23T10:00:00.000000Z",
    "met_at": None,
    "breached_at": None,
    "detected_at": None,
    "channel": "chat",
    "priority": "high",
    "team": "deliveries",
    "assignee": "agent-17",
    "brand": None,
    "tags": ["delivery"],
    "conversation_url": f"/v1/conversations/{_CONVERSATION}",
    "clock_url": f"/v1/sla/clocks/{_CLOCK_ID}",
}
"""What a running clock and its events show alike."""
_CLOCK: dict[str, Any] = SHARED_FIELDS | {
    "ended_at": None,
    "confirmed": None,
    "reason": None,
    "severity": "warning",
    "version": 2,
    "warnings": [
        {"threshold": "50%", "warn_at": "2026-11-23T09:30:00.000000Z", "sent": True},
        {"threshold": "PT10M", "warn_at": "2026-11-23T09:50:00.000000Z", "sent": False},
    ],
    "explanation": {
        "counts_by": "around_the_clock",
        "calendar_id": None,
        "calendar_version": None,
        "in_force_at": "2026-11-23T09:00:00.000000Z",
        "pauses": [],
    },
}
SENTENCE = "1 hour around the clock from Monday 23 Nov 2026 09:00 UTC: due Monday 10:00."
_COUNTED = {
    "start": "2026-11-23T09:00:00.000000Z",
    "end": "2026-11-23T09:31:00.000000Z",
    "counted": True,
    "why": "around_the_clock",
    "counted_seconds": 1860.0,
    "expected": False,
}
_RUNNING: dict[str, Any] = _CLOCK | {
    "summary": SENTENCE,
    "trace": {
        "until": "2026-11-23T10:00:00.000000Z",
        "as_of": "2026-11-23T09:31:00.000000Z",
        "counted_seconds": 1860.0,
        "uncounted_seconds": 0.0,
        "expected_seconds": 1740.0,
        "stretches": [
            _COUNTED,
            {
                "start": "2026-11-23T09:31:00.000000Z",
                "end": "2026-11-23T10:00:00.000000Z",
                "counted": True,
                "why": "around_the_clock",
                "counted_seconds": 1740.0,
                "expected": True,
            },
        ],
        "truncated": False,
    },
}
_MET: dict[str, Any] = _CLOCK | {
    "state": "met",
    "met_at": "2026-11-23T09:41:07.250000Z",
    "ended_at": "2026-11-23T09:41:07.250000Z",
    "severity": "info",
    "version": 3,
    "warnings": [{"threshold": "50%", "warn_at": None, "sent": True}],
    "summary": SENTENCE,
    "trace": {
        "until": "2026-11-23T09:41:07.250000Z",
        "as_of": "2026-11-23T09:41:07.250000Z",
        "counted_seconds": 2467.25,
        "uncounted_seconds": 0.0,
        "expected_seconds": 0.0,
        "stretches": [
            _COUNTED | {"end": "2026-11-23T09:41:07.250000Z", "counted_seconds": 2467.25}
        ],
        "truncated": False,
    },
}

LIST_CLOCKS = (
    Example(
        name="of_conversation",
        summary="The clocks of one conversation",
        query={"conversation_id": _CONVERSATION},
        answer={"items": [_CLOCK], "next": None},
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
        summary="A running clock, due in half an hour",
        path={"clock_id": _CLOCK_ID},
        answer=_RUNNING,
    ),
    Example(
        name="met",
        summary="The same clock after the answer",
        path={"clock_id": _CLOCK_ID},
        answer=_MET,
    ),
)
