"""Calendars as their owners write them: checked field by field and turned into hours."""

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from common.errors import ErrorCode, FieldError, InvalidError, did_you_mean, nearest
from common.jsons import pointer_to
from sla.rules.domain.hours import AtClose
from sla.rules.domain.windows import merge, subtract
from sla.rules.domain.working_calendar import DAY_END, DaySpan, WorkingCalendar

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

MAX_WINDOWS = 8
"""Stretches of open time on one day."""

_WALL = re.compile(r"([01]\d|2[0-4]):([0-5]\d)(?::([0-5]\d))?")
"""Any digits of Unicode: calendars saved before ``check_spelling`` stay readable."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Opening hours of a day as text: ``09:00`` to ``17:30``, or to ``24:00``."""

    start: str
    end: str


@dataclass(frozen=True, slots=True)
class DatedHours:
    """The hours of one date, in place of its weekly hours; no hours means closed."""

    date: dt.date
    hours: tuple[Interval, ...]


@dataclass(frozen=True, slots=True)
class Break:
    """Time off within the hours: on one date, or every week on some weekdays."""

    start: str
    end: str
    weekdays: tuple[str, ...] = ()
    date: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Holiday:
    date: dt.date
    name: str


@dataclass(frozen=True, slots=True)
class CalendarSpec:
    """A whole calendar. National holidays are already resolved to their dates."""

    name: str
    time_zone: str
    hours: Mapping[str, tuple[Interval, ...]]
    overrides: tuple[DatedHours, ...] = ()
    breaks: tuple[Break, ...] = ()
    holidays: tuple[Holiday, ...] = ()
    national_holidays: tuple[Holiday, ...] = ()
    deadline_at_close: AtClose = "close"


def build_calendar(spec: CalendarSpec) -> WorkingCalendar:
    """Return the hours of a calendar.

    Raises InvalidError, naming each field, for an unknown zone, malformed wall times, overlaps,
    repeated dates and a week without open time.
    """
    problems: list[FieldError] = []
    zone = _zone(spec.time_zone, problems)
    week = _week(spec, problems)
    overrides = _overrides(spec.overrides, problems)
    dated = _dated_breaks(spec.breaks, problems)
    if not problems and not any(week):
        problems.append(
            FieldError("/hours", ErrorCode.TOO_FEW, "must leave open time on at least one weekday")
        )
    if problems or zone is None:
        raise InvalidError("the calendar is invalid", errors=problems)
    return WorkingCalendar(
        zone=zone,
        week=week,
        overrides=overrides,
        holidays={h.date: h.name for h in (*spec.national_holidays, *spec.holidays)},
        dated_breaks=dated,
        at_close=spec.deadline_at_close,
    )


def check_limits(calendar: WorkingCalendar) -> None:
    """Raise InvalidError when a day has more windows than any business opens and closes.

    Calendars stored before there was a limit may exceed it.
    """
    too_many = f"must leave at most {MAX_WINDOWS} stretches of open time, after breaks"
    problems = [
        FieldError(f"/hours/{name}", ErrorCode.TOO_MANY, too_many)
        for name, spans in zip(WEEKDAYS, calendar.week, strict=True)
        if len(spans) > MAX_WINDOWS
    ]
    problems += [
        FieldError(f"/overrides/{index}/hours", ErrorCode.TOO_MANY, too_many)
        for index, day in enumerate(calendar.overrides)
        if len(calendar.spans_of(day)) > MAX_WINDOWS
    ]
    if problems:
        raise InvalidError("the calendar is invalid", errors=problems)


def check_spelling(spec: CalendarSpec) -> None:
    """Raise InvalidError for wall times in other than ASCII digits, which older calendars have."""
    problems = [
        FieldError(
            f"{where}/{name}",
            ErrorCode.INVALID_FORMAT,
            "must be written in ASCII digits, such as 09:00",
        )
        for where, part in _intervals_of(spec)
        for name in ("start", "end")
        if not getattr(part, name).isascii()
    ]
    if problems:
        raise InvalidError("the calendar is invalid", errors=problems)


def _intervals_of(spec: CalendarSpec) -> Iterator[tuple[str, Interval | Break]]:
    """Yield every interval and break with its pointer."""
    for day, intervals in spec.hours.items():
        for index, part in enumerate(intervals):
            yield pointer_to(("hours", day, index)), part
    for place, override in enumerate(spec.overrides):
        for index, part in enumerate(override.hours):
            yield f"/overrides/{place}/hours/{index}", part
    for index, rest in enumerate(spec.breaks):
        yield f"/breaks/{index}", rest


def _zone(name: str, problems: list[FieldError]) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        near = nearest(name, _zones())
        text = f"must be an IANA time zone such as Europe/Berlin{did_you_mean(near)}"
        problems.append(FieldError("/time_zone", ErrorCode.NOT_ALLOWED, text, near=near))
        return None


@cache
def _zones() -> tuple[str, ...]:
    return tuple(sorted(available_timezones()))


def _week(spec: CalendarSpec, problems: list[FieldError]) -> tuple[tuple[DaySpan, ...], ...]:
    problems.extend(
        FieldError.not_allowed(pointer_to(("hours", name)), name, WEEKDAYS)
        for name in spec.hours
        if name not in WEEKDAYS
    )
    days = []
    for name in WEEKDAYS:
        spans = _disjoint(spec.hours.get(name, ()), f"/hours/{name}", problems)
        days.append(subtract(spans, _weekly_breaks(spec.breaks, name, problems)))
    return tuple(days)


def _weekly_breaks(
    breaks: Sequence[Break], weekday: str, problems: list[FieldError]
) -> tuple[DaySpan, ...]:
    spans: list[DaySpan] = []
    for index, part in enumerate(breaks):
        if weekday in part.weekdays and part.date is None:
            spans += _span(part.start, part.end, f"/breaks/{index}", problems)
    return merge(spans)


def _dated_breaks(
    breaks: Sequence[Break], problems: list[FieldError]
) -> dict[dt.date, tuple[DaySpan, ...]]:
    dated: dict[dt.date, tuple[DaySpan, ...]] = {}
    for index, part in enumerate(breaks):
        where = f"/breaks/{index}"
        if (part.date is None) == (not part.weekdays):
            problems.append(
                FieldError(
                    where, ErrorCode.INVALID_COMBINATION, "set exactly one of date and weekdays"
                )
            )
        problems.extend(
            FieldError.not_allowed(f"{where}/weekdays/{place}", name, WEEKDAYS)
            for place, name in enumerate(part.weekdays)
            if name not in WEEKDAYS
        )
        if part.date is not None:
            span = _span(part.start, part.end, where, problems)
            dated[part.date] = merge((*dated.get(part.date, ()), *span))
    return dated


def _overrides(
    overrides: Sequence[DatedHours], problems: list[FieldError]
) -> dict[dt.date, tuple[DaySpan, ...]]:
    days: dict[dt.date, tuple[DaySpan, ...]] = {}
    for index, override in enumerate(overrides):
        where = f"/overrides/{index}"
        if override.date in days:
            problems.append(
                FieldError(
                    f"{where}/date", ErrorCode.DUPLICATE, "this date already has an override"
                )
            )
        days[override.date] = _disjoint(override.hours, f"{where}/hours", problems)
    return days


def _disjoint(
    hours: Iterable[Interval], where: str, problems: list[FieldError]
) -> tuple[DaySpan, ...]:
    placed: list[tuple[DaySpan, int]] = []
    for index, part in enumerate(hours):
        placed += [(s, index) for s in _span(part.start, part.end, f"{where}/{index}", problems)]
    placed.sort()
    for (before, _), (after, index) in pairwise(placed):
        if after[0] < before[1]:
            problems.append(
                FieldError(
                    f"{where}/{index}",
                    ErrorCode.INVALID_COMBINATION,
                    "must not overlap another interval of the day",
                )
            )
    return tuple(span for span, _ in placed)


def _span(start: str, end: str, where: str, problems: list[FieldError]) -> list[DaySpan]:
    opens, closes = _second(start), _second(end)
    if opens is None:
        problems.append(
            FieldError(
                f"{where}/start", ErrorCode.INVALID_FORMAT, "must be a wall time such as 09:00"
            )
        )
    if closes is None:
        problems.append(
            FieldError(
                f"{where}/end",
                ErrorCode.INVALID_FORMAT,
                "must be a wall time such as 17:30 or 24:00",
            )
        )
    if opens is None or closes is None:
        return []
    if opens >= closes:
        problems.append(
            FieldError(
                f"{where}/end",
                ErrorCode.INVALID_COMBINATION,
                "must be after the start; split hours at midnight (24:00)",
            )
        )
        return []
    return [(opens, closes)]


def _second(wall: str) -> int | None:
    match = _WALL.fullmatch(wall)
    if match is None:
        return None
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    second = hours * 3600 + minutes * 60 + seconds
    return second if second <= DAY_END else None


def parse_calendar(body: Mapping[str, Any]) -> CalendarSpec:
    """Return the calendar of a body whose JSON types have been checked."""
    return CalendarSpec(
        name=body["name"],
        time_zone=body["time_zone"],
        hours={day: _intervals(parts) for day, parts in body["hours"].items()},
        overrides=tuple(
            DatedHours(dt.date.fromisoformat(o["date"]), _intervals(o["hours"]))
            for o in body.get("overrides", ())
        ),
        breaks=tuple(_break(b) for b in body.get("breaks", ())),
        holidays=_holidays(body.get("holidays", ())),
        national_holidays=_holidays(body.get("resolved_holidays", ())),
        deadline_at_close=body.get("deadline_at_close", "close"),
    )


def _intervals(parts: Iterable[Mapping[str, str]]) -> tuple[Interval, ...]:
    return tuple(Interval(p["start"], p["end"]) for p in parts)


def _holidays(parts: Iterable[Mapping[str, str]]) -> tuple[Holiday, ...]:
    return tuple(Holiday(dt.date.fromisoformat(p["date"]), p.get("name", "")) for p in parts)


def _break(part: Mapping[str, Any]) -> Break:
    day = part.get("date")
    return Break(
        part["start"],
        part["end"],
        weekdays=tuple(part.get("weekdays") or ()),
        date=None if day is None else dt.date.fromisoformat(day),
    )
