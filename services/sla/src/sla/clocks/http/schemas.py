"""Clocks as the API shows them."""

from typing import Literal

from pydantic import Field

from common.web.requests import JsonTime, ResponseModel
from sla.clocks.domain.clocks import ClockVersion, OwnedClock
from sla.clocks.domain.explanation.trace import MAX_STRETCHES, Explanation
from sla.clocks.domain.status_history import MAX_LISTED
from sla.clocks.events.announcing import public_fields
from sla.clocks.events.clock_fields import (
    ClockFields,
    Confirmed,
    Links,
    Reason,
    RoutingFields,
    Sentence,
    ThresholdLabel,
)
from sla.clocks.http.filters import SeverityName


class WarningResponse(ResponseModel, title="ClockWarning"):
    """A threshold; ``warn_at`` is null while it has no time, as in a pause."""

    threshold: ThresholdLabel
    warn_at: JsonTime | None = Field(
        description="When the threshold is reached, in UTC; null unless the clock is running."
    )
    sent: bool = Field(description="Whether the warning has been published.")


class PauseResponse(ResponseModel, title="ClockPause"):
    """A stretch of the conversation's status in which no time counts."""

    start: JsonTime = Field(description="When the pause began, in UTC.")
    end: JsonTime | None = Field(
        description="When the pause ended, in UTC; null while the pause lasts."
    )
    status: str = Field(
        description="Status of the conversation that pauses the clock: `pending`, `on_hold`, "
        "`resolved` or `closed`."
    )


class Summary(ResponseModel, title="CountedTime"):
    """The hours in which time counts, and the pauses in which it does not."""

    counts_by: Literal["calendar", "around_the_clock"] = Field(
        description="Which time counts: `calendar` (its open hours) or `around_the_clock` (all)."
    )
    calendar_id: str | None = Field(
        description="Id of the calendar; null when time counts around the clock."
    )
    calendar_version: int | None = Field(
        description="Version of that calendar; null when time counts around the clock."
    )
    in_force_at: JsonTime = Field(
        description="When this target began to apply to the clock, in UTC; never before "
        "`started_at`."
    )
    pauses: list[PauseResponse] = Field(
        description=f"Last pauses of the clock, in order, at most {MAX_LISTED}."
    )
    earlier_pauses: int = Field(
        description="Number of pauses before those that `pauses` lists: 0 unless there were more "
        f"than {MAX_LISTED}. A trace sums them up in its first row."
    )


class ClockResponse(RoutingFields, ClockFields, ResponseModel, title="Clock"):
    """One target applied to one conversation, and how the clock stands now."""

    ended_at: JsonTime | None = Field(
        description="When the clock stopped, in UTC: at the answer, at the resolution, or when it "
        "was superseded. Null until then, even after a breach or without a policy that applies."
    )
    confirmed: Confirmed
    reason: Reason
    severity: SeverityName = Field(
        description="`breach` (the clock is breached), `warning` (a warning was sent and the clock "
        "is open) or `info` (all others)."
    )
    version: int = Field(
        description="Number of events published about the clock: the `sequence` of its last event. "
        "0 for a clock from a backfill, which publishes none."
    )
    warnings: list[WarningResponse] = Field(
        description="Warnings with a time while the clock is running, then those that were sent "
        "and no longer have a time."
    )
    explanation: Summary = Field(description="What counts as time for this clock.")


class ClockList(ResponseModel):
    """A page of clocks."""

    items: list[ClockResponse] = Field(
        description="Clocks, the next due first; clocks without a deadline come last."
    )
    next: str | None = Field(
        description="The `cursor` that reads the next page; null on the last page."
    )


class StretchResponse(ResponseModel, title="Stretch"):
    """A stretch of the clock's life, with one reason to count or not to count."""

    start: JsonTime = Field(description="First instant of the stretch, in UTC.")
    end: JsonTime = Field(
        description="End of the stretch, in UTC; this instant belongs to the next stretch."
    )
    counted: bool = Field(description="Whether the time counts towards the target.")
    why: str = Field(
        description="Why it counts: `open_hours` or `around_the_clock`. Why it does not: `closed`, "
        "`holiday: ` and the holiday's name, or `paused: ` and the conversation's status. "
        "`several` for a row that sums up several stretches: the middle of a long trace, or the "
        "time before the pauses that the clock lists."
    )
    counted_seconds: float = Field(
        description="Seconds of the stretch that count: all or none, except in a row that sums up."
    )
    expected: bool = Field(
        description="Whether the stretch lies after the time of the request, so that a change of "
        "the conversation or its rules can still alter it."
    )


class Trace(ResponseModel):
    """Every half-open stretch from the start to ``until``: whether it counts, and why.

    A long trace keeps its beginning and its end; one row sums up the middle. Of a clock with very
    many pauses, the first row sums up the time before those that it lists.
    """

    until: JsonTime = Field(
        description="End of the trace, in UTC: the deadline of a running clock; when a clock "
        "stopped; of an open clock, when it breached; or else the time of the request."
    )
    as_of: JsonTime = Field(
        description="Time of the request, or `until` if that is earlier, in UTC. It parts what has "
        "happened from what is expected."
    )
    counted_seconds: float = Field(
        description="Seconds from the start to `as_of` that count towards the target."
    )
    uncounted_seconds: float = Field(
        description="Seconds from the start to `as_of` that do not count."
    )
    expected_seconds: float = Field(
        description="Seconds from `as_of` to `until` that are expected to count: the time left of "
        "a running clock."
    )
    stretches: list[StretchResponse] = Field(
        description=f"Stretches in order, at most {MAX_STRETCHES}."
    )
    truncated: bool = Field(
        description="Whether a row sums up several stretches; the sums are complete."
    )


class ExplainedClock(ClockResponse, title="ExplainedClock"):
    """A clock with its trace."""

    summary: Sentence
    trace: Trace = Field(description="How the clock came to its state, stretch by stretch.")


def clock_body(owned: OwnedClock, links: Links) -> dict[str, object]:
    """Return the fields of ``ClockResponse``."""
    clock = owned.current.clock
    return {
        **public_fields(owned.owner, owned.current, links),
        "ended_at": clock.ended_at,
        "severity": owned.current.severity,
        "version": owned.current.version,
        "warnings": _warnings(owned.current),
        "explanation": Summary(
            counts_by="around_the_clock" if clock.calendar_id is None else "calendar",
            calendar_id=clock.calendar_id,
            calendar_version=clock.calendar_version,
            in_force_at=clock.in_force_at,
            pauses=[PauseResponse(start=p.start, end=p.end, status=p.status) for p in clock.pauses],
            earlier_pauses=0 if clock.earlier is None else clock.earlier.count,
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
    return Trace.model_validate(explanation, from_attributes=True)
