"""Why a clock stands where it stands: which stretches count, which do not, and why."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice

from sla.clocks.domain.clocks import Clock, ClockState
from sla.rules.domain.hours import AroundTheClock, Hours, Slice, elapsed
from sla.rules.domain.instants import SECOND, micros, time_of
from sla.rules.domain.windows import Window, merge
from sla.rules.domain.working_calendar import WorkingCalendar

MAX_STRETCHES = 400
"""The rows of a trace; the middle of a longer one is summed up in one row."""
_HEAD = MAX_STRETCHES // 2
_TAIL = MAX_STRETCHES - _HEAD - 1
_WEEK = 7 * 86_400 * SECOND


@dataclass(frozen=True, slots=True)
class Stretch:
    """A half-open stretch of a clock's life; an ``expected`` one lies in the future.

    ``why`` is ``open_hours``, ``around_the_clock``, ``closed``, ``holiday: <name>``,
    ``paused: <status>``, or ``several`` for a row that sums up the middle of a long trace, or the
    time before the pauses that the clock lists.
    """

    start: datetime
    end: datetime
    counted: bool
    why: str
    counted_seconds: float = 0.0
    expected: bool = False


@dataclass(frozen=True, slots=True)
class Explanation:
    """``as_of`` parts what has happened from what is expected up to ``until``.

    ``truncated`` means that some of the stretches sum up several; the sums are complete.
    """

    as_of: datetime
    until: datetime
    counted_seconds: float
    uncounted_seconds: float
    expected_seconds: float
    stretches: tuple[Stretch, ...]
    truncated: bool


def explain(clock: Clock, hours: Hours, *, now: datetime) -> Explanation:
    """Account for all time from the start to the end, the breach, the deadline, or now."""
    until = max(clock.started_at, _until(clock, now))
    as_of = min(until, max(clock.started_at, now))
    life = _Life(clock, hours, micros(clock.started_at), micros(until), micros(as_of))
    counted = life.counted(life.start, life.now)
    stretches, truncated = life.rows()
    return Explanation(
        as_of=as_of,
        until=until,
        counted_seconds=counted / SECOND,
        uncounted_seconds=(life.now - life.start - counted) / SECOND,
        expected_seconds=life.counted(life.now, life.end) / SECOND,
        stretches=tuple(stretches),
        truncated=truncated,
    )


def _until(clock: Clock, now: datetime) -> datetime:
    if clock.breached_at is not None and clock.ended_at is None:
        return clock.breached_at
    if clock.state is ClockState.RUNNING and clock.due_at is not None:
        return clock.due_at
    return clock.ended_at or now


def pauses_of(clock: Clock, until: int) -> tuple[Window, ...]:
    """Return the pauses before an instant, clipped to it, in order and disjoint."""
    return merge(
        (micros(p.start), until if p.end is None else min(until, micros(p.end)))
        for p in clock.pauses
        if micros(p.start) < until
    )


def counted_between(clock: Clock, hours: Hours, start: int, end: int) -> int:
    """Return the time that counts, in microseconds.

    Before the pauses that the clock lists, only what counts from its start on is known.
    """
    listed = listed_from(clock)
    if clock.earlier is not None and start < listed:
        if end < listed:
            return min(clock.earlier.counted, clock.target_seconds * SECOND)
        return clock.earlier.counted + counted_between(clock, hours, listed, end)
    pauses = pauses_of(clock, end)
    return elapsed([Slice(start, hours)], end, pauses) if start < end else 0


def listed_from(clock: Clock) -> int:
    """Return the instant from which on all pauses of a clock are listed, in microseconds."""
    return micros(clock.started_at if clock.earlier is None else clock.pauses[0].start)


@dataclass(frozen=True, slots=True)
class _Life:
    """The stretches of a clock from ``start`` to ``end``, in microseconds."""

    clock: Clock
    hours: Hours
    start: int
    end: int
    now: int

    def counted(self, start: int, end: int) -> int:
        return counted_between(self.clock, self.hours, start, end)

    def rows(self) -> tuple[list[Stretch], bool]:
        """Return at most ``MAX_STRETCHES`` rows, and whether some of them sum up several."""
        listed = min(self.end, listed_from(self.clock))
        rows = list(islice(self._stretches(listed, self.end), MAX_STRETCHES + 1))
        if listed > self.start:
            rows.insert(0, self._sum(time_of(self.start), time_of(listed)))
        if len(rows) <= MAX_STRETCHES:
            return rows, listed > self.start
        head = rows[:_HEAD]
        tail = self._last(micros(head[-1].end))
        middle = self._sum(head[-1].end, tail[0].start)
        return [*head, middle, *tail], True

    def _last(self, after: int) -> list[Stretch]:
        """Return the last stretches, found from the end backwards in growing steps."""
        span = _WEEK
        while True:
            start = max(after, self.end - span)
            stretches = deque(self._stretches(start, self.end), maxlen=_TAIL + 1)
            if len(stretches) > _TAIL:
                stretches.popleft()
                return list(stretches)
            if start == after:
                return list(stretches)
            span *= 2

    def _sum(self, start: datetime, end: datetime) -> Stretch:
        counted = self.counted(micros(start), micros(end))
        return Stretch(
            start,
            end,
            counted=counted > 0,
            why="several",
            counted_seconds=counted / SECOND,
            expected=micros(start) >= self.now,
        )

    def _stretches(self, start: int, end: int) -> Iterator[Stretch]:
        """Yield the stretches within a span; one that is going on now ends, and begins, now."""
        if start < self.now < end:
            yield from self._by_pauses(start, self.now)
            start = self.now
        for stretch in self._by_pauses(start, end):
            yield replace(stretch, expected=True) if start >= self.now else stretch

    def _by_pauses(self, start: int, end: int) -> Iterator[Stretch]:
        at = start
        for pause in self.clock.pauses:
            pause_start = max(start, micros(pause.start))
            pause_end = end if pause.end is None else min(end, micros(pause.end))
            if pause_start >= end:
                break
            if pause_end <= at:
                continue
            yield from _by_hours(self.hours, at, pause_start)
            yield _uncounted(pause_start, pause_end, f"paused: {pause.status}")
            at = pause_end
        yield from _by_hours(self.hours, at, end)


def _by_hours(hours: Hours, start: int, end: int) -> Iterator[Stretch]:
    why = "around_the_clock" if isinstance(hours, AroundTheClock) else "open_hours"
    at = start
    for opens, closes in hours.windows(start, end):
        if opens > at:
            yield _uncounted(at, opens, _why_closed(hours, at, opens))
        seconds = (closes - opens) / SECOND
        yield Stretch(
            time_of(opens), time_of(closes), counted=True, why=why, counted_seconds=seconds
        )
        at = closes
    if at < end:
        yield _uncounted(at, end, _why_closed(hours, at, end))


def _uncounted(start: int, end: int, why: str) -> Stretch:
    return Stretch(time_of(start), time_of(end), counted=False, why=why)


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
