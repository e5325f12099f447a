"""Clocks as the API shows them."""

from typing import Literal

from common.web.requests import JsonTime, ResponseModel
from sla.clocks.domain.clocks import ClockVersion, OwnedClock
from sla.clocks.domain.explanation import Explanation
from sla.clocks.events.announcing import public_fields
from sla.clocks.events.clock_fields import ClockFields


class WarningResponse(ResponseModel):
    """A threshold; ``warn_at`` is null while it has no time, as in a pause."""

    threshold: str
    warn_at: JsonTime | None
    sent: bool


class PauseResponse(ResponseModel):
    start: JsonTime
    end: JsonTime | None
    status: str


class Summary(ResponseModel):
    """The hours in which time counts, and the pauses in which it does not."""

    counts_by: Literal["calendar", "around_the_clock"]
    calendar_id: str | None
    calendar_version: int | None
    in_force_at: JsonTime
    pauses: list[PauseResponse]


class ClockResponse(ClockFields, ResponseModel):
    ended_at: JsonTime | None
    confirmed: bool | None
    reason: str | None
    version: int
    warnings: list[WarningResponse]
    explanation: Summary


class ClockList(ResponseModel):
    items: list[ClockResponse]
    next: str | None


class StretchResponse(ResponseModel):
    start: JsonTime
    end: JsonTime
    counted: bool
    why: str


class Trace(ResponseModel):
    """Every half-open stretch from the start to ``until``: whether it counts, and why."""

    until: JsonTime
    counted_seconds: float
    uncounted_seconds: float
    stretches: list[StretchResponse]
    truncated: bool


class ExplainedClock(ClockResponse):
    trace: Trace


def clock_body(owned: OwnedClock) -> dict[str, object]:
    """Return the fields of ``ClockResponse``."""
    clock = owned.current.clock
    return {
        **public_fields(owned.owner, owned.current),
        "ended_at": clock.ended_at,
        "version": owned.current.version,
        "warnings": _warnings(owned.current),
        "explanation": Summary(
            counts_by="around_the_clock" if clock.calendar_id is None else "calendar",
            calendar_id=clock.calendar_id,
            calendar_version=clock.calendar_version,
            in_force_at=clock.in_force_at,
            pauses=[PauseResponse(start=p.start, end=p.end, status=p.status) for p in clock.pauses],
        ),
    }


def _warnings(current: ClockVersion) -> list[WarningResponse]:
    """Return the thresholds that have a time, then those that were announced and lost theirs."""
    timed = [(warning.threshold, warning.at) for warning in current.clock.warnings]
    untimed = sorted(current.warned - {threshold for threshold, _ in timed})
    return [
        *(
            WarningResponse(threshold=threshold, warn_at=at, sent=threshold in current.warned)
            for threshold, at in timed
        ),
        *(WarningResponse(threshold=threshold, warn_at=None, sent=True) for threshold in untimed),
    ]


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
