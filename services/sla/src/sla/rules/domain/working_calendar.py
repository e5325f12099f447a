"""Business hours of one time zone, by the week.

Between exceptions every week is the same: as long as no date of a week has hours of its own and the
zone's offset from UTC stays, its windows are those of the week before, seven days later. So such
weeks are counted, not walked, and what a question costs depends on the exceptions in its range.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache
from zoneinfo import ZoneInfo

from sla.rules.domain.hours import AtClose, advance
from sla.rules.domain.instants import DAY, SECOND, micros, time_of
from sla.rules.domain.windows import Window, merge, subtract

DaySpan = tuple[int, int]
"""A half-open interval of wall time in seconds after midnight; 86,400 is 24:00."""
DAY_END = 86_400

_WEEK = 7 * DAY
_KEPT_WEEKS = 32
"""Weeks whose windows a calendar keeps: the few in which its clocks start and are due."""
_KEPT_TIMES = 4_096
_KEPT_YEARS = 4_096


@dataclass(frozen=True)
class WorkingCalendar:
    """Business hours of one time zone.

    A date override replaces the weekly hours of its day, weekly breaks and holiday included.
    A dated break is subtracted from the hours that its day has.

    Weeks start on Monday and are numbered from 1 January of the year 1.
    """

    zone: ZoneInfo
    week: tuple[tuple[DaySpan, ...], ...]
    overrides: Mapping[date, tuple[DaySpan, ...]] = field(default_factory=dict)
    holidays: Mapping[date, str] = field(default_factory=dict)
    dated_breaks: Mapping[date, tuple[DaySpan, ...]] = field(default_factory=dict)
    at_close: AtClose = "close"
    _weeks: dict[int, tuple[Window, ...]] = field(default_factory=dict, compare=False, repr=False)
    _times: dict[int, int] = field(default_factory=dict, compare=False, repr=False)

    def windows(self, start: int, end: int) -> Iterator[Window]:
        """Yield the open windows within ``[start, end)``, in order, clipped, disjoint."""
        if start >= end:
            return
        week, last = self._week_of(start), self._week_of(end - 1)
        for irregular in (*self._irregular_weeks(week, last + 1), last + 1):
            if self._regular_windows:
                for regular in range(week, irregular):
                    yield from _clipped(self._regular(regular), start, end)
            if irregular <= last:
                yield from _clipped(self._windows_of(irregular), start, end)
            week = irregular + 1

    def open_time(self, start: int, end: int) -> int:
        """Return the open microseconds within ``[start, end)``."""
        if start >= end:
            return 0
        first, last = self._week_of(start), self._week_of(end - 1)
        total = _length(_clipped(self._windows_of(first), start, end))
        if last > first:
            total += _length(_clipped(self._windows_of(last), start, end))
        irregular = list(self._irregular_weeks(first + 1, last))
        regular = max(0, last - first - 1) - len(irregular)
        exceptions = sum(self._time_of(week) for week in irregular)
        return total + regular * self._regular_time + exceptions

    def advance(self, start: int, end: int, need: int) -> tuple[int | None, int]:
        """Return the instant by which ``need`` has passed, or what is needed at ``end``."""
        if start >= end:
            return None, need
        first, last = self._week_of(start), self._week_of(end - 1)
        due, need = advance(_clipped(self._windows_of(first), start, end), need, self.at_close)
        if due is not None or first == last:
            return due, need
        week, need = self._skip(first + 1, last, need)
        for number in range(week, last + 1):
            due, need = advance(_clipped(self._windows_of(number), start, end), need, self.at_close)
            if due is not None:
                break
        return due, need

    def spans_of(self, day: date) -> tuple[DaySpan, ...]:
        """Return the wall-time hours of a day, in order and disjoint."""
        if day in self.overrides:
            spans = self.overrides[day]
        elif day in self.holidays:
            return ()
        else:
            spans = self.week[day.weekday()]
        return subtract(spans, self.dated_breaks.get(day, ()))

    def _skip(self, week: int, last: int, need: int) -> tuple[int, int]:
        """Return the week, at most ``last``, that reaches ``need``, and the need at its start."""
        for irregular in self._irregular_weeks(week, last):
            week, need = self._skip_regular(week, irregular, need)
            if week < irregular or need <= self._time_of(irregular):
                return week, need
            week, need = irregular + 1, need - self._time_of(irregular)
        return self._skip_regular(week, last, need)

    def _skip_regular(self, week: int, end: int, need: int) -> tuple[int, int]:
        """Do the same when all weeks before ``end`` are regular."""
        skipped = end - week
        if self._regular_time > 0:
            skipped = max(0, min(skipped, (need - 1) // self._regular_time))
        return week + skipped, need - skipped * self._regular_time

    @cached_property
    def _regular_windows(self) -> tuple[Window, ...]:
        """The windows of a week without exceptions, from its start."""
        return tuple(
            (number * DAY + start * SECOND, number * DAY + end * SECOND)
            for number, spans in enumerate(self.week)
            for start, end in merge(spans)
        )

    @cached_property
    def _regular_time(self) -> int:
        return _length(self._regular_windows)

    @cached_property
    def _exceptional_weeks(self) -> Sequence[int]:
        days = {*self.overrides, *self.holidays, *self.dated_breaks}
        return sorted({_week_number(day.toordinal()) for day in days})

    def _irregular_weeks(self, first: int, end: int) -> Iterator[int]:
        """Yield the weeks from ``first`` up to ``end`` that are not like the others, in order."""
        exceptional = self._exceptional_weeks
        while first < end:
            year = date.fromordinal(_monday(first)).year
            until = min(end, _week_number(date(year + 1, 1, 1).toordinal() + 6))
            dated = exceptional[bisect_left(exceptional, first) : bisect_left(exceptional, until)]
            shifted = _weeks_that_shift(self.zone, year)
            yield from sorted({*dated, *(week for week in shifted if first <= week < until)})
            first = until

    def _week_of(self, instant: int) -> int:
        """Return the week whose days, from midnight to midnight, hold an instant."""
        week = _week_number(time_of(instant).astimezone(self.zone).toordinal())
        # Clocks that go back over midnight return to a date whose day has ended.
        return week + 1 if _instant(self.zone, _monday(week + 1), 0) <= instant else week

    def _time_of(self, week: int) -> int:
        """Return the open microseconds of an irregular week."""
        time = self._times.get(week)
        if time is None:
            if len(self._times) >= _KEPT_TIMES:
                self._times.clear()
            time = self._times[week] = _length(self._expanded(week))
        return time

    def _windows_of(self, week: int) -> tuple[Window, ...]:
        windows = self._weeks.get(week)
        if windows is None:
            if len(self._weeks) >= _KEPT_WEEKS:
                self._weeks.clear()
            is_regular = next(self._irregular_weeks(week, week + 1), None) is None
            windows = self._regular(week) if is_regular else self._expanded(week)
            self._weeks[week] = windows
        return windows

    def _regular(self, week: int) -> tuple[Window, ...]:
        base = _instant(self.zone, _monday(week), 0)
        return tuple((base + start, base + end) for start, end in self._regular_windows)

    def _expanded(self, week: int) -> tuple[Window, ...]:
        days = range(_monday(week), _monday(week + 1))
        return tuple(window for ordinal in days for window in self._day(ordinal))

    def _day(self, ordinal: int) -> tuple[Window, ...]:
        # Clipping to the day's own midnights keeps days disjoint across DST changes, and leaves
        # a date that its zone skipped (Samoa, 30 December 2011) empty.
        first, last = _instant(self.zone, ordinal, 0), _instant(self.zone, ordinal, DAY_END)
        windows: list[Window] = []
        for start, end in self.spans_of(date.fromordinal(ordinal)):
            opens = max(first, _instant(self.zone, ordinal, start))
            closes = min(last, _instant(self.zone, ordinal, end))
            if opens < closes:
                windows.append((opens, closes))
        return merge(windows)


def _clipped(windows: Sequence[Window], start: int, end: int) -> Iterator[Window]:
    for opens, closes in windows:
        if closes > start and opens < end:
            yield max(opens, start), min(closes, end)


def _length(windows: Sequence[Window] | Iterator[Window]) -> int:
    return sum(closes - opens for opens, closes in windows)


def _week_number(ordinal: int) -> int:
    return (ordinal - 1) // 7


def _monday(week: int) -> int:
    """Return the ordinal of a week's first day."""
    return 7 * week + 1


@lru_cache(maxsize=_KEPT_YEARS)
def _weeks_that_shift(zone: ZoneInfo, year: int) -> tuple[int, ...]:
    """Return the weeks whose Monday is in a year and in which the zone's offset changes.

    The offset is compared every few days: no zone has ever changed it and back within a week.
    """
    first = _week_number(date(year, 1, 1).toordinal() + 6)
    end = _week_number(date(year + 1, 1, 1).toordinal() + 6)
    return tuple(
        week
        for week in range(first, end)
        if len({_offset(zone, _monday(week) + day) for day in (0, 3, 7)}) > 1
    )


def _offset(zone: ZoneInfo, ordinal: int) -> int:
    return _instant(zone, ordinal, 0) - ordinal * DAY


def _instant(zone: ZoneInfo, ordinal: int, second: int) -> int:
    """Return the instant of a wall time: after a gap, and the first of two equal ones."""
    if second == DAY_END:
        ordinal, second = ordinal + 1, 0
    midnight = datetime.combine(date.fromordinal(ordinal), datetime.min.time())
    wall = midnight + timedelta(seconds=second)
    return micros(wall.replace(tzinfo=zone, fold=0).astimezone(UTC))
