"""Examples of clocks, for the API's document."""

from typing import Any

from common.story import CONVERSATION, FIRST_RESPONSE, RESOLUTION
from common.web import Example
from sla.clocks.events.published import MET_SENTENCE, RUNNING_SENTENCE, clock_example

_CLOCK: dict[str, Any] = clock_example(FIRST_RESPONSE) | {
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
