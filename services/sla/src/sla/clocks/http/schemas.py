"""Clocks as callers read them."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from common.web.requests import ResponseModel
from sla.clocks.domain.explanation import Explanation
from sla.clocks.store.clock_rows import Stored
from sla.rules.http.moments import Moment

State = Literal["running", "paused", "met", "breached", "cancelled"]
MetricName = Literal["first_response", "next_response", "resolution"]


class WarningResponse(ResponseModel):
    """A threshold; ``warn_at`` null when it has no time at present, as while paused."""

    threshold: str
    warn_at: Moment | None
    sent: bool


class PauseResponse(ResponseModel):
    start: Moment
    end: Moment | None
    status: str


class Summary(ResponseModel):
    """By what the time is counted, and when it was not."""

    counts_by: Literal["calendar", "around_the_clock"]
    calendar_id: str | None
    calendar_version: int | None
    in_force_at: Moment
    pauses: list[PauseResponse]


class ClockResponse(ResponseModel):
    clock_id: UUID
    conversation_id: UUID
    customer_id: UUID | None
    metric: MetricName
    cycle: int
    state: State
    policy_id: UUID
    policy_version: int
    policy_name: str
    target_seconds: int
    started_at: Moment
    due_at: Moment | None
    met_at: Moment | None
    breached_at: Moment | None
    detected_at: Moment | None
    ended_at: Moment | None
    confirmed: bool | None
    reason: str | None
    version: int
    warnings: list[WarningResponse]
    explanation: Summary


class ClockList(ResponseModel):
    items: list[ClockResponse]
    next: str | None


class StretchResponse(ResponseModel):
    start: Moment
    end: Moment
    counted: bool
    why: str


class Trace(ResponseModel):
    """Every stretch from the start until ``until``, half-open, counted or not, and why."""

    until: Moment
    counted_seconds: float
    uncounted_seconds: float
    stretches: list[StretchResponse]
    truncated: bool


class ExplainedClock(ClockResponse):
    trace: Trace


def clock_body(stored: Stored) -> dict[str, object]:
    """Return the fields of a clock's answer."""
    owner, held, clock = stored.owner, stored.held, stored.held.clock
    ahead = [(w.threshold, w.at) for w in clock.warnings]
    gone = sorted(held.warned - {threshold for threshold, _ in ahead})
    return {
        "clock_id": held.clock_id,
        "conversation_id": owner.conversation_id,
        "customer_id": owner.customer_id,
        "metric": clock.metric.value,
        "cycle": clock.cycle,
        "state": clock.state.value,
        "policy_id": clock.policy_id,
        "policy_version": clock.policy_version,
        "policy_name": clock.policy_name,
        "target_seconds": clock.target_seconds,
        "started_at": clock.started_at,
        "due_at": clock.due_at,
        "met_at": clock.met_at,
        "breached_at": clock.breached_at,
        "detected_at": held.detected_at,
        "ended_at": clock.ended_at,
        "confirmed": held.confirmed,
        "reason": clock.reason,
        "version": held.version,
        "warnings": [
            WarningResponse(threshold=t, warn_at=at, sent=t in held.warned) for t, at in ahead
        ]
        + [WarningResponse(threshold=t, warn_at=None, sent=True) for t in gone],
        "explanation": Summary(
            counts_by="around_the_clock" if clock.calendar_id is None else "calendar",
            calendar_id=clock.calendar_id,
            calendar_version=clock.calendar_version,
            in_force_at=clock.in_force_at,
            pauses=[PauseResponse(start=p.start, end=p.end, status=p.status) for p in clock.pauses],
        ),
    }


def trace_of(explanation: Explanation) -> Trace:
    return Trace(
        until=explanation.until,
        counted_seconds=explanation.counted_seconds,
        uncounted_seconds=explanation.uncounted_seconds,
        stretches=[
            StretchResponse(start=s.start, end=s.end, counted=s.counted, why=s.why)
            for s in explanation.stretches
        ],
        truncated=explanation.truncated,
    )
