"""How a clock came to its state: which stretches counted, which did not, and why."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sla.clocks.domain.clocks import Clock, Pause
from sla.rules.domain.hours import AroundTheClock, Hours, Slice, elapsed
from sla.rules.domain.instants import SECOND, micros, time_of
from sla.rules.domain.windows import merge
from sla.rules.domain.working_calendar import WorkingCalendar

MAX_STRETCHES = 400


@dataclass(frozen=True, slots=True)
class Stretch:
    """A half-open stretch of a clock's life.

    ``why`` is ``open_hours``, ``around_the_clock``, ``closed``, ``holiday: <name>`` or
    ``paused: <status>``.
    """

    start: datetime
    end: datetime
    counted: bool
    why: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """``truncated`` means that more stretches exist than are listed; the sums are complete."""

    until: datetime
    counted_seconds: float
    uncounted_seconds: float
    stretches: tuple[Stretch, ...]
    truncated: bool


def explain(clock: Clock, hours: Hours, *, now: datetime) -> Explanation:
    """Account for all time from the start to the end, the breach or now."""
    until = max(clock.started_at, _until(clock, now))
    start, end = micros(clock.started_at), micros(until)
    pauses = merge(
        (micros(p.start), min(end, micros(p.end or until))) for p in clock.pauses if p.start < until
    )
    counted = elapsed([Slice(start, hours)], end, pauses)
    stretches: list[Stretch] = []
    truncated = False
    for stretch in _stretches(clock, hours, start, end):
        if len(stretches) == MAX_STRETCHES:
            truncated = True
            break
        stretches.append(stretch)
    return Explanation(
        until=until,
        counted_seconds=counted / SECOND,
        uncounted_seconds=(end - start - counted) / SECOND,
        stretches=tuple(stretches),
        truncated=truncated,
    )


def _until(clock: Clock, now: datetime) -> datetime:
    if clock.breached_at is not None and clock.ended_at is None:
        return clock.breached_at
    return clock.ended_at or now


def _stretches(clock: Clock, hours: Hours, start: int, end: int) -> Iterator[Stretch]:
    at = start
    for pause in clock.pauses:
        pause_start, pause_end = micros(pause.start), min(end, _end(pause, end))
        if pause_start >= end:
            break
        yield from _by_hours(hours, at, pause_start)
        yield Stretch(
            time_of(pause_start),
            time_of(pause_end),
            counted=False,
            why=f"paused: {pause.status}",
        )
        at = max(at, pause_end)
    yield from _by_hours(hours, at, end)


def _end(pause: Pause, default: int) -> int:
    return default if pause.end is None else micros(pause.end)


def _by_hours(hours: Hours, start: int, end: int) -> Iterator[Stretch]:
    counted_why = "around_the_clock" if isinstance(hours, AroundTheClock) else "open_hours"
    at = start
    for opens, closes in hours.windows(start, end):
        if opens > at:
            yield _closed(hours, at, opens)
        yield Stretch(time_of(opens), time_of(closes), counted=True, why=counted_why)
        at = closes
    if at < end:
        yield _closed(hours, at, end)


def _closed(hours: Hours, start: int, end: int) -> Stretch:
    return Stretch(time_of(start), time_of(end), counted=False, why=_why_closed(hours, start, end))


def _why_closed(hours: Hours, start: int, end: int) -> str:
    """Return the first holiday that a closed stretch reaches into, or ``closed``."""
    if not isinstance(hours, WorkingCalendar) or not hours.holidays:
        return "closed"
    day = time_of(start).astimezone(hours.zone).date()
    last = time_of(end - 1).astimezone(hours.zone).date()
    names: Sequence[str] = [
        f"holiday: {hours.holidays[day + timedelta(days=n)]}"
        for n in range(min((last - day).days, 31) + 1)
        if day + timedelta(days=n) in hours.holidays
        and day + timedelta(days=n) not in hours.overrides
    ]
    return names[0] if names else "closed"
