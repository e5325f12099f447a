"""Examples of alerts and of their stream, for the API's document."""

from typing import Any

from common.jsons import dumps_text
from common.story import FIRST_RESPONSE
from common.web import Example
from sla.clocks.events.published import RUNNING_SENTENCE, clock_example

_WARNING: dict[str, Any] = clock_example(FIRST_RESPONSE) | {
    "severity": "warning",
    "occurred_at": "2026-11-23T10:15:00.000000Z",
    "sequence": 2,
    "threshold": "75%",
    "warn_at": "2026-11-23T10:15:00.000000Z",
    "summary": RUNNING_SENTENCE,
}

LIST_ALERTS = (
    Example(
        name="warning",
        summary="Three quarters of the time have passed without an answer",
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
