"""Examples of alerts and of their stream, for the API's document."""

from typing import Any

from common.jsons import dumps_text
from common.web import Example

_CLOCK_ID = "0199f3a2-7c41-7d0e-8b1f-4a5b6c7d8e9f"
_CONVERSATION = "0199f3a2-6b10-7a52-9c3d-1e2f3a4b5c6d"
_WARNING: dict[str, Any] = {
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
    "confirmed": None,
    "reason": None,
    "severity": "warning",
    "occurred_at": "2026-11-23T09:30:00.000000Z",
    "sequence": 2,
    "threshold": "50%",
    "warn_at": "2026-11-23T09:30:00.000000Z",
    "summary": "1 hour around the clock from Monday 23 Nov 2026 09:00 UTC: due Monday 10:00.",
}

LIST_ALERTS = (
    Example(
        name="warning",
        summary="Half of the time has passed without an answer",
        query={"severity": ["warning"]},
        answer={
            "items": [_WARNING | {"alert_id": "118", "type": "sla.clock.warning"}],
            "next": None,
        },
    ),
    Example(
        name="no_breach",
        summary="No breach, and none retracted",
        query={"severity": ["breach"]},
        answer={"items": [], "next": None},
    ),
)
STREAM = (
    Example(
        name="missed",
        summary="A warning that was missed",
        headers={"Last-Event-ID": "117"},
        answer={"id": "118", "event": "sla.clock.warning", "data": dumps_text(_WARNING)},
    ),
    Example(
        name="too_many",
        summary="Too many were missed: read the clocks again",
        headers={"Last-Event-ID": "1"},
        answer={"id": "118", "event": "reset", "data": "{}"},
    ),
)
