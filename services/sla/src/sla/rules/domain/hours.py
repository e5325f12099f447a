"""Opening hours expanded to instants, and the search for deadlines along them. Pure arithmetic."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Literal, Protocol
from zoneinfo import ZoneInfo

from sla.rules.domain.instants import DAY, micros, moment

Window = tuple[int, int]
"""A half-open interval of instants in microseconds."""
DaySpan = tuple[int, int]
"""A half-open interval of wall time in seconds after midnight; 86,400 is 24:00."""
AtClose = Literal["close", "next_open"]

DAY_END = 86_400

HORIZON = 3_660 * DAY
"""How far a deadline is searched for: about ten years, so that no calendar can loop for ever."""
_CACHED_DAYS = 8_192


class Hours(Protocol):
    """What time counts by: business hours, or every hour there is."""

    @property
    def at_close(self) -> AtClose: ...

    def windows(self, start: int, end: int) -> Iterator[Window]:
        """Yield the open windows within ``[start, end)``, in order, clipped, disjoint."""
        ...


@dataclass(frozen=True, slots=True)
class AroundTheClock:
    """The wall clock as hours."""

    at_close: AtClose = "close"

    def windows(self, start: int, end: int) -> Iterator[Window]:
        if start < end:
            yield start, end


@dataclass(frozen=True)
class WorkingCalendar:
    """Business hours of one time zone.

    A date override replaces everything the week says of that day, its breaks and a holiday too;
    a break with a date is subtracted from whatever the day has.
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
        ordinal = moment(start).astimezone(self.zone).toordinal() - 1
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
        known = self._days.get(ordinal)
        if known is None:
            if len(self._days) >= _CACHED_DAYS:
                self._days.clear()
            known = self._days[ordinal] = self._expand(ordinal)
        return known

    def _expand(self, ordinal: int) -> tuple[Window, ...]:
        # Clipping to the day's own midnights keeps days disjoint whatever a DST change does to
        # wall times, and makes a date that a zone skipped (Samoa, 30 December 2011) empty.
        first, last = self._instant(ordinal, 0), self._instant(ordinal + 1, 0)
        found: list[Window] = []
        for start, end in self.spans_of(date.fromordinal(ordinal)):
            opens = max(first, self._instant(ordinal, start))
            closes = min(last, self._instant(ordinal, end))
            if opens < closes:
                found.append((opens, closes))
        return merge(found)

    def _instant(self, ordinal: int, second: int) -> int:
        """Map wall time to an instant: a gap moves it forward, the first of two is taken."""
        if second == DAY_END:
            ordinal, second = ordinal + 1, 0
        midnight = datetime.combine(date.fromordinal(ordinal), datetime.min.time())
        wall = midnight + timedelta(seconds=second)
        return micros(wall.replace(tzinfo=self.zone, fold=0).astimezone(UTC))


@dataclass(frozen=True, slots=True)
class Slice:
    """A stretch of a clock's life that counts by one set of hours; the last one has no end."""

    start: int
    hours: Hours


def merge(windows: Iterable[Window]) -> tuple[Window, ...]:
    """Return the union of windows, in order and disjoint; touching ones stay apart."""
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

    A deadline that falls exactly on the end of a window is that end, or the start of the next
    window when the hours say ``next_open``. None means that it is not reached: a pause without
    end comes first, or the horizon does.
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


FOREVER = micros(datetime(9999, 1, 1, tzinfo=UTC))
"""The end of a pause that has not ended."""


def _bounded(slices: Sequence[Slice], until: int) -> Iterator[tuple[int, int, Hours]]:
    for index, part in enumerate(slices):
        following = slices[index + 1].start if index + 1 < len(slices) else until
        yield part.start, min(following, until), part.hours


def add_business(
    hours: Hours, start: datetime, length: timedelta, pauses: Sequence[tuple[datetime, datetime]]
) -> datetime | None:
    """Return the instant at which ``length`` of open time has passed since ``start``."""
    need = length // timedelta(microseconds=1)
    found = deadline([Slice(micros(start), hours)], need, _instants(pauses))
    return None if found is None else moment(found)


def business_between(
    hours: Hours, start: datetime, end: datetime, pauses: Sequence[tuple[datetime, datetime]] = ()
) -> timedelta:
    """Return the open time from ``start`` to ``end``, without the pauses."""
    total = elapsed([Slice(micros(start), hours)], micros(end), _instants(pauses))
    return timedelta(microseconds=total)


def _instants(pauses: Sequence[tuple[datetime, datetime]]) -> tuple[Window, ...]:
    return merge((micros(start), micros(end)) for start, end in pauses)
