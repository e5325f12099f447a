"""Opening hours as instants, and the arithmetic of business time along them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Literal, Protocol
from zoneinfo import ZoneInfo

from sla.rules.domain.instants import DAY, micros, time_of

Window = tuple[int, int]
"""A half-open interval of instants in microseconds."""
DaySpan = tuple[int, int]
"""A half-open interval of wall time in seconds after midnight; 86,400 is 24:00."""
AtClose = Literal["close", "next_open"]

DAY_END = 86_400

FOREVER = micros(datetime(9999, 1, 1, tzinfo=UTC))
"""The end of a pause that has not ended."""
HORIZON = 3_660 * DAY
"""How far ahead a deadline is searched: about ten years, so that every search ends."""
_CACHED_DAYS = 8_192


class Hours(Protocol):
    """The time that counts: business hours, or every hour."""

    @property
    def at_close(self) -> AtClose: ...

    def windows(self, start: int, end: int) -> Iterator[Window]:
        """Yield the open windows within ``[start, end)``, in order, clipped, disjoint."""
        ...


@dataclass(frozen=True, slots=True)
class AroundTheClock:
    """Hours that never close."""

    at_close: AtClose = "close"

    def windows(self, start: int, end: int) -> Iterator[Window]:
        if start < end:
            yield start, end


@dataclass(frozen=True)
class WorkingCalendar:
    """Business hours of one time zone.

    A date override replaces the weekly hours of its day, weekly breaks and holiday included.
    A dated break is subtracted from the hours that its day has.
    """

    zone: ZoneInfo
    week: tuple[tuple[DaySpan, ...], ...]
    overrides: Mapping[date, tuple[DaySpan, ...]] = field(default_factory=dict)
    holidays: Mapping[date, str] = field(default_factory=dict)
    dated_breaks: Mapping[date, tuple[DaySpan, ...]] = field(default_factory=dict)
    at_close: AtClose = "close"
    _days: dict[int, tuple[Window, ...]] = field(default_factory=dict, compare=False, repr=False)

    def windows(self, start: int, end: int) -> Iterator[Window]:
        """Yield the open windows within ``[start, end)``, in order, clipped, disjoint."""
        if start >= end:
            return
        ordinal = time_of(start).astimezone(self.zone).toordinal() - 1
        while True:
            for opens, closes in self._day(ordinal):
                if closes > start and opens < end:
                    yield max(opens, start), min(closes, end)
            ordinal += 1
            if self._instant(ordinal, 0) >= end:
                return

    def spans_of(self, day: date) -> tuple[DaySpan, ...]:
        """Return the wall-time hours of a day, in order and disjoint."""
        if day in self.overrides:
            spans = self.overrides[day]
        elif day in self.holidays:
            return ()
        else:
            spans = self.week[day.weekday()]
        return subtract(spans, self.dated_breaks.get(day, ()))

    def _day(self, ordinal: int) -> tuple[Window, ...]:
        windows = self._days.get(ordinal)
        if windows is None:
            if len(self._days) >= _CACHED_DAYS:
                self._days.clear()
            windows = self._days[ordinal] = self._expand(ordinal)
        return windows

    def _expand(self, ordinal: int) -> tuple[Window, ...]:
        # Clipping to the day's own midnights keeps days disjoint across DST changes, and leaves
        # a date that its zone skipped (Samoa, 30 December 2011) empty.
        first, last = self._instant(ordinal, 0), self._instant(ordinal + 1, 0)
        windows: list[Window] = []
        for start, end in self.spans_of(date.fromordinal(ordinal)):
            opens = max(first, self._instant(ordinal, start))
            closes = min(last, self._instant(ordinal, end))
            if opens < closes:
                windows.append((opens, closes))
        return merge(windows)

    def _instant(self, ordinal: int, second: int) -> int:
        """Return the instant of a wall time: after a gap, and the first of two equal ones."""
        if second == DAY_END:
            ordinal, second = ordinal + 1, 0
        midnight = datetime.combine(date.fromordinal(ordinal), datetime.min.time())
        wall = midnight + timedelta(seconds=second)
        return micros(wall.replace(tzinfo=self.zone, fold=0).astimezone(UTC))


@dataclass(frozen=True, slots=True)
class Slice:
    """A stretch of a clock's life that counts by one set of hours, until the next one starts."""

    start: int
    hours: Hours


def merge(windows: Iterable[Window]) -> tuple[Window, ...]:
    """Return the union of windows, in order and disjoint; adjacent windows stay separate."""
    merged: list[Window] = []
    for start, end in sorted(windows):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


def subtract(windows: Iterable[Window], holes: Sequence[Window]) -> tuple[Window, ...]:
    """Return the windows without the holes."""
    return tuple(_without(windows, merge(holes)))


def _without(windows: Iterable[Window], holes: Sequence[Window]) -> Iterator[Window]:
    for start, end in windows:
        at = start
        for hole_start, hole_end in holes:
            if hole_end <= at:
                continue
            if hole_start >= end:
                break
            if hole_start > at:
                yield at, hole_start
            at = hole_end
        if at < end:
            yield at, end


def counted(hours: Hours, start: int, end: int, pauses: Sequence[Window]) -> Iterator[Window]:
    """Yield the windows within ``[start, end)`` in which time counts. Pauses must be merged."""
    return _without(hours.windows(start, end), pauses)


def elapsed(slices: Sequence[Slice], until: int, pauses: Sequence[Window]) -> int:
    """Return the counted microseconds from the first slice's start until an instant."""
    total = 0
    for start, end, hours in _bounded(slices, until):
        total += sum(b - a for a, b in counted(hours, start, end, pauses))
    return total


def deadline(slices: Sequence[Slice], need: int, pauses: Sequence[Window]) -> int | None:
    """Return the instant at which ``need`` microseconds have been counted.

    A deadline exactly at the end of a window is that end, or the start of the next window when
    ``at_close`` is ``next_open``. Returns None when a pause without end or the horizon comes first.
    """
    limit = slices[-1].start + HORIZON
    if pauses and pauses[-1][1] >= FOREVER:
        limit = pauses[-1][0]
    for start, end, hours in _bounded(slices, limit):
        for opens, closes in counted(hours, start, end, pauses):
            length = closes - opens
            if need < length or (need == length and hours.at_close == "close"):
                return opens + need
            need -= length
    return None


def _bounded(slices: Sequence[Slice], until: int) -> Iterator[tuple[int, int, Hours]]:
    for index, part in enumerate(slices):
        following = slices[index + 1].start if index + 1 < len(slices) else until
        yield part.start, min(following, until), part.hours


def add_business(
    hours: Hours, start: datetime, length: timedelta, pauses: Sequence[tuple[datetime, datetime]]
) -> datetime | None:
    """Return the instant at which ``length`` of open time has passed since ``start``."""
    need = length // timedelta(microseconds=1)
    due = deadline([Slice(micros(start), hours)], need, _instants(pauses))
    return None if due is None else time_of(due)


def business_between(
    hours: Hours, start: datetime, end: datetime, pauses: Sequence[tuple[datetime, datetime]] = ()
) -> timedelta:
    """Return the open time from ``start`` to ``end``, without the pauses."""
    total = elapsed([Slice(micros(start), hours)], micros(end), _instants(pauses))
    return timedelta(microseconds=total)


def _instants(pauses: Sequence[tuple[datetime, datetime]]) -> tuple[Window, ...]:
    return merge((micros(start), micros(end)) for start, end in pauses)
