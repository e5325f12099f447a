"""Business time by weeks against an oracle that walks day by day, on random calendars.

``CALENDAR_CASES`` sets how many, ``CALENDAR_SEED`` where the random numbers begin.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from sla.rules.domain.hours import FOREVER, HORIZON, Hours, Slice, deadline, elapsed
from sla.rules.domain.instants import DAY, SECOND, micros, time_of
from sla.rules.domain.windows import Window, merge
from sla.rules.domain.working_calendar import DaySpan, WorkingCalendar

CASES = int(os.environ.get("CALENDAR_CASES", "20000"))
SEED = int(os.environ.get("CALENDAR_SEED", "8"))
GROUPS = 8

ZONES = [
    ZoneInfo(name)
    for name in (
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "America/St_Johns",  # changed a minute after midnight until 2011
        "America/Sao_Paulo",  # had days that began at one o'clock
        "America/Havana",
        "America/Godthab",  # changes on Saturday evening
        "Africa/Casablanca",  # changes twice around Ramadan
        "Africa/Cairo",
        "Asia/Gaza",
        "Asia/Tehran",
        "Asia/Kathmandu",
        "Atlantic/Azores",  # changes across midnight
        "Australia/Lord_Howe",  # by half an hour
        "Antarctica/Troll",  # by two hours
        "Pacific/Apia",  # skipped 30 December 2011
        "Pacific/Kwajalein",  # skipped 21 August 1993
        "Pacific/Norfolk",
    )
]


class DayByDay:
    """The hours of a calendar, expanded day after day."""

    def __init__(self, calendar: WorkingCalendar) -> None:
        self._calendar = calendar
        self.at_close = calendar.at_close

        self._days: dict[int, Sequence[Window]] = {}

    def windows(self, start: int, end: int) -> Iterator[Window]:
        if start >= end:
            return
        zone = self._calendar.zone
        ordinal = time_of(start).astimezone(zone).toordinal() - 1
        while True:
            for opens, closes in self._day(ordinal):
                if closes > start and opens < end:
                    yield max(opens, start), min(closes, end)
            ordinal += 1
            if self._instant(ordinal, 0) >= end:
                return

    def _day(self, ordinal: int) -> Sequence[Window]:
        if ordinal not in self._days:
            self._days[ordinal] = self._windows_of(ordinal)
        return self._days[ordinal]

    def _windows_of(self, ordinal: int) -> Sequence[Window]:
        first, last = self._instant(ordinal, 0), self._instant(ordinal + 1, 0)
        windows = []
        for start, end in self._calendar.spans_of(date.fromordinal(ordinal)):
            opens = max(first, self._instant(ordinal, start))
            closes = min(last, self._instant(ordinal, end))
            if opens < closes:
                windows.append((opens, closes))
        return merge(windows)

    def _instant(self, ordinal: int, second: int) -> int:
        wall = datetime.combine(date.fromordinal(ordinal), datetime.min.time())
        wall += timedelta(seconds=second)
        return micros(wall.replace(tzinfo=self._calendar.zone, fold=0).astimezone(UTC))


def counted_windows(
    slices: Sequence[tuple[int, DayByDay]], until: int, pauses: Sequence[Window]
) -> Iterator[tuple[Window, str]]:
    for index, (begins, hours) in enumerate(slices):
        ends = min(slices[index + 1][0] if index + 1 < len(slices) else until, until)
        for opens, closes in hours.windows(begins, ends):
            at = opens
            for pause_start, pause_end in pauses:
                if pause_end <= at or pause_start >= closes:
                    continue
                if pause_start > at:
                    yield (at, pause_start), hours.at_close
                at = pause_end
            if at < closes:
                yield (at, closes), hours.at_close


def slow_elapsed(
    slices: Sequence[tuple[int, DayByDay]], until: int, pauses: Sequence[Window]
) -> int:
    return sum(b - a for (a, b), _ in counted_windows(slices, until, pauses))


def slow_deadline(
    slices: Sequence[tuple[int, DayByDay]], need: int, pauses: Sequence[Window]
) -> int | None:
    limit = slices[-1][0] + HORIZON
    if pauses and pauses[-1][1] >= FOREVER:
        limit = pauses[-1][0]
    for (opens, closes), at_close in counted_windows(slices, limit, pauses):
        length = closes - opens
        if need < length or (need == length and at_close == "close"):
            return opens + need
        need -= length
    return None


def random_spans(random: Random) -> tuple[DaySpan, ...]:
    if random.random() < 0.3:
        return ((0, 86_400),) if random.random() < 0.2 else ()
    step = random.choice([1, 60, 900, 3_600])
    edges = sorted(random.sample(range(86_400 // step + 1), 2 * random.randint(1, 3)))
    return tuple((a * step, b * step) for a, b in zip(edges[::2], edges[1::2], strict=True))


def random_calendar(random: Random, around: date) -> WorkingCalendar:
    def dates() -> list[date]:
        count, days = random.choice([(0, 0), (0, 0), (1, 10), (3, 20), (12, 300)])
        return [around + timedelta(days=random.randint(-3, days)) for _ in range(count)]

    return WorkingCalendar(
        zone=random.choice(ZONES),
        week=tuple(random_spans(random) for _ in range(7)),
        overrides={day: random_spans(random) for day in dates()},
        holidays=dict.fromkeys(dates(), "holiday"),
        dated_breaks={day: random_spans(random) for day in dates()},
        at_close=random.choice(["close", "next_open"]),
    )


def random_pauses(random: Random, start: int) -> tuple[Window, ...]:
    pauses = []
    for _ in range(random.choice([0, 0, 1, 4])):
        begins = start + random.randint(-DAY, 40 * DAY)
        ends = FOREVER if random.random() < 0.1 else begins + random.randint(1, 10 * DAY)
        pauses.append((begins, ends))
    return merge(pauses)


@dataclass(frozen=True)
class Case:
    calendars: list[WorkingCalendar]
    starts: list[int]
    pauses: tuple[Window, ...]
    until: int


def random_case(random: Random) -> Case:
    day = date(1993, 1, 1) + timedelta(days=random.randint(0, 17_000))
    begins = micros(datetime(day.year, day.month, day.day, tzinfo=UTC))
    starts = [begins + random.choice([0, random.randint(0, DAY)])]
    for _ in range(random.choice([0, 0, 1, 2])):
        starts.append(starts[-1] + random.choice([0, random.randint(0, 20 * DAY)]))
    longest = random.choice([DAY, 3 * DAY, 8 * DAY, 16 * DAY])
    if random.random() < 0.005:
        longest = 1_500 * DAY
    step = random.choice([1, SECOND, 900 * SECOND])
    return Case(
        calendars=[random_calendar(random, day) for _ in starts],
        starts=starts,
        pauses=random_pauses(random, begins),
        until=begins + random.randint(0, longest // step) * step,
    )


@pytest.mark.parametrize("group", range(GROUPS))
def test_weeks_give_what_days_give(group: int):
    for number in range(CASES // GROUPS):
        seed = f"{SEED}.{group}.{number}"
        random = Random(seed)  # noqa: S311 - repeatable, not secret
        case = random_case(random)
        hours: list[Hours] = [*case.calendars]
        slices = [Slice(at, by) for at, by in zip(case.starts, hours, strict=True)]
        slow = [(at, DayByDay(c)) for at, c in zip(case.starts, case.calendars, strict=True)]

        counted = slow_elapsed(slow, case.until, case.pauses)
        assert elapsed(slices, case.until, case.pauses) == counted, seed
        # At the end of what counts, right before it, or anywhere.
        need = max(0, random.choice([counted, counted - 1, random.randint(0, counted)]))
        if need or random.random() < 0.1:
            due = slow_deadline(slow, need, case.pauses)
            assert deadline(slices, need, case.pauses) == due, seed
        windows = list(case.calendars[0].windows(case.starts[0], case.until))
        assert windows == list(slow[0][1].windows(case.starts[0], case.until)), seed
