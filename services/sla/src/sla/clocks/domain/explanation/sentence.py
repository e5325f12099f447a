"""One sentence in plain English that says why a clock has its deadline, and how it stands.

For example: "10 business hours from Sunday 29 Nov 2026 18:00 Europe/Berlin on calendar Support
Berlin: closed until Monday 09:00, 8 h on Monday, due Tuesday 11:00."

Its length and its cost are bounded, whatever the calendar and the clock: it names the first few
days, pauses and holidays, and sums up the others.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from itertools import groupby, islice
from typing import NamedTuple

from sla.clocks.domain.clocks import Clock, ClockState, EarlierPauses
from sla.clocks.domain.explanation.trace import counted_between, listed_from, pauses_of
from sla.rules.domain.hours import NamedHours, Slice, elapsed
from sla.rules.domain.instants import SECOND, micros, time_of
from sla.rules.domain.windows import Window, without
from sla.rules.domain.working_calendar import WorkingCalendar

MAX_LENGTH = 800
_NAMED = 3
"""Days, holidays, pauses and warnings that are named; the others are summed up."""
_FOLLOWED_PAUSES = 50
"""With more pauses than this, days are not followed: each costs a look at all pauses."""
_NAME_LENGTH = 60
_DAYS_UNAMBIGUOUS = 6

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_ENDINGS = {
    "resolved": "the conversation was resolved without the answer",
    "no_policy": "no policy covers the conversation now",
    "policy_without_metric": "its policy has no such target now",
    "superseded": "late events show that it never ran",
    "answered_late": "answered late",
    "ended_unanswered": "resolved without the answer",
    "breached_on_apply": "the deadline had passed when the target began to apply",
    "source_watermark_stalled": "not certain yet, because the source is silent",
}


def summarise(clock: Clock, counting: NamedHours) -> str:
    """Return the sentence. It does not depend on the time at which it is made."""
    dates = _Dates(_zone(counting), clock.started_at)
    sentence = f"{_beginning(clock, counting, dates)}: {', '.join(_parts(clock, counting, dates))}."
    return sentence if len(sentence) <= MAX_LENGTH else f"{sentence[: MAX_LENGTH - 1]}…"


def _zone(counting: NamedHours) -> tzinfo:
    hours = counting.hours
    return hours.zone if isinstance(hours, WorkingCalendar) else UTC


def _beginning(clock: Clock, counting: NamedHours, dates: "_Dates") -> str:
    start = f"from {dates.full(clock.started_at)} {dates.zone}"
    if counting.name is None:
        return f"{_target(clock.target_seconds, '')} around the clock {start}"
    amount = _target(clock.target_seconds, "business ")
    return f"{amount} {start} on calendar {_cut(counting.name)}"


def _parts(clock: Clock, counting: NamedHours, dates: "_Dates") -> Iterator[str]:
    match clock.state:
        case ClockState.PAUSED:
            yield from _paused(clock, counting, dates)
        case ClockState.CANCELLED:
            yield f"cancelled: {_ENDINGS.get(clock.reason or '', 'it no longer applies')}"
        case ClockState.MET:
            yield from _due(clock, dates)
            yield f"met {dates.short(clock.met_at)}" if clock.met_at else "met"
        case ClockState.BREACHED:
            yield from _course(clock, counting, dates)
            yield from _due(clock, dates)
            yield from _breached(clock, dates)
        case ClockState.RUNNING:
            yield from _course(clock, counting, dates)
            yield from _due(clock, dates)
            yield from _warnings(clock, dates)


def _due(clock: Clock, dates: "_Dates") -> Iterator[str]:
    if clock.due_at is None:
        yield "the deadline is more than ten years ahead"
    else:
        yield f"due {dates.short(clock.due_at)}"


def _breached(clock: Clock, dates: "_Dates") -> Iterator[str]:
    reason = _ENDINGS.get(clock.reason or "", "unanswered")
    when = f" {dates.short(clock.met_at)}" if clock.met_at is not None else ""
    yield f"breached: {reason}{when}"


def _paused(clock: Clock, counting: NamedHours, dates: "_Dates") -> Iterator[str]:
    pause = clock.pauses[-1]
    now = micros(pause.start)
    counted = counted_between(clock, counting.hours, micros(clock.started_at), now)
    yield f"{_amount(counted)} counted"
    yield f"paused since {dates.short(pause.start)} ({pause.status})"
    yield "no deadline until the pause ends"


def _warnings(clock: Clock, dates: "_Dates") -> Iterator[str]:
    for warning in clock.warnings[:_NAMED]:
        yield f"warning ({_cut(warning.threshold)}) {dates.short(warning.at)}"
    if len(clock.warnings) > _NAMED:
        yield f"and {len(clock.warnings) - _NAMED} more warnings"


def _course(clock: Clock, counting: NamedHours, dates: "_Dates") -> Iterator[str]:
    """Yield what happens between the start and the deadline."""
    if clock.due_at is None:
        return
    start, due = micros(clock.started_at), micros(clock.due_at)
    pauses = pauses_of(clock, due)
    is_followed = clock.earlier is None and len(pauses) <= _FOLLOWED_PAUSES
    if isinstance(counting.hours, WorkingCalendar) and is_followed:
        days = _Days(counting.hours, start, due, pauses, dates)
        yield from days.described(clock.target_seconds * SECOND)
    yield from _pauses(clock, due, pauses, dates)
    if isinstance(counting.hours, WorkingCalendar):
        yield from _special_days(counting.hours, clock.started_at, clock.due_at, dates)


def _pauses(clock: Clock, due: int, pauses: Sequence[Window], dates: "_Dates") -> Iterator[str]:
    if clock.earlier is not None:
        yield _sum_of_pauses(clock.earlier, clock, due, pauses)
        return
    shown = [pause for pause in clock.pauses[:_NAMED] if micros(pause.start) < due]
    for pause in shown:
        end = due if pause.end is None else min(due, micros(pause.end))
        length = _amount(end - micros(pause.start))
        yield f"paused for {length} from {dates.short(pause.start)} ({pause.status})"
    if len(pauses) > len(shown):
        yield f"{len(pauses)} pauses of {_amount(_length(pauses))} in all"


def _sum_of_pauses(earlier: EarlierPauses, clock: Clock, due: int, pauses: Sequence[Window]) -> str:
    if due < listed_from(clock):
        return "many pauses"  # The clock breached before the pauses that it lists.
    total = _amount(earlier.length + _length(pauses))
    return f"{earlier.count + len(pauses)} pauses of {total} in all"


def _length(windows: Sequence[Window]) -> int:
    return sum(end - start for start, end in windows)


def _special_days(
    hours: WorkingCalendar, start: datetime, due: datetime, dates: "_Dates"
) -> Iterator[str]:
    first, last = (at.astimezone(hours.zone).date() for at in (start, due))
    holidays = sorted(
        day
        for day in hours.holidays
        if first <= day <= last and hours.week[day.weekday()] and day not in hours.overrides
    )
    for day in holidays[:_NAMED]:
        yield f"holiday on {dates.dated(day)} ({_cut(hours.holidays[day])})"
    if len(holidays) > _NAMED:
        yield f"{len(holidays) - _NAMED} more holidays"
    special = sorted(day for day in hours.overrides if first <= day <= last)
    for day in special[:_NAMED]:
        yield f"special hours on {dates.dated(day)}"
    if len(special) > _NAMED:
        yield f"{len(special) - _NAMED} more days with special hours"


@dataclass(frozen=True, slots=True)
class _Days:
    """The open days between a start and a deadline on a calendar."""

    hours: WorkingCalendar
    start: int
    due: int
    pauses: Sequence[Window]
    dates: "_Dates"

    def described(self, need: int) -> Iterator[str]:
        """Yield the first days with their open time, then the time of the others in one sum."""
        days = list(islice(self._days(self.start), _NAMED + 1))
        last_day = self._day(self.due)
        is_short = not days or days[-1].day >= last_day
        counted = sum(day.counted for day in days) if is_short else self._counted()
        if counted != need:
            yield "counted in part by the hours of an earlier target"
            return
        if days and days[0].opens > self.start:
            yield f"closed until {self.dates.short(time_of(days[0].opens))}"
        named = [day for day in days[:_NAMED] if day.day < last_day]
        for day in named:
            yield f"{_amount(day.counted)} on {self.dates.day(day.day)}"
        if is_short:
            return
        rest = need - sum(day.counted for day in named) - self._counted_on(last_day)
        if rest > 0:
            yield f"{_amount(rest)} more before {self.dates.day(last_day)}"

    def _days(self, start: int) -> Iterator["_Day"]:
        windows = without(self.hours.windows(start, self.due), self.pauses)
        for day, parts in groupby(windows, key=lambda window: self._day(window[0])):
            spans = list(parts)
            yield _Day(day, spans[0][0], sum(end - begin for begin, end in spans))

    def _counted(self) -> int:
        return elapsed([Slice(self.start, self.hours)], self.due, self.pauses)

    def _counted_on(self, last_day: date) -> int:
        midnight = datetime(last_day.year, last_day.month, last_day.day, tzinfo=self.hours.zone)
        start = max(self.start, micros(midnight.astimezone(UTC)))
        return sum(day.counted for day in self._days(start))

    def _day(self, at: int) -> date:
        return time_of(at).astimezone(self.hours.zone).date()


class _Day(NamedTuple):
    """A day with open time: when it first opens, and how much of it counts."""

    day: date
    opens: int
    counted: int


@dataclass(slots=True)
class _Dates:
    """Writes times in a zone: in full, or as short as the time written before allows."""

    zone: tzinfo
    start: datetime
    _started: date = field(init=False)
    _shown: date = field(init=False)

    def __post_init__(self) -> None:
        self._started = self._shown = self.start.astimezone(self.zone).date()

    def full(self, at: datetime) -> str:
        local = at.astimezone(self.zone)
        return f"{_weekday(local)} {_date(local)} {local.year} {_time(local)}"

    def short(self, at: datetime) -> str:
        local = at.astimezone(self.zone)
        return f"{self.day(local.date())} {_time(local)}"

    def day(self, day: date) -> str:
        """Return a day by its weekday if it follows closely, otherwise with its date."""
        since_start = (day - self._started).days
        since_shown = (day - self._shown).days
        self._shown = day
        near = (0 <= since_start <= _DAYS_UNAMBIGUOUS) or 0 <= since_shown <= _DAYS_UNAMBIGUOUS
        return _weekday(day) if near else self.dated(day)

    def dated(self, day: date) -> str:
        year = "" if day.year == self._started.year else f" {day.year}"
        return f"{_weekday(day)} {_date(day)}{year}"


def _weekday(day: date) -> str:
    return _WEEKDAYS[day.weekday()]


def _date(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]}"


def _time(local: datetime) -> str:
    """Return the wall time; the name of the offset tells the second of two equal ones."""
    seconds = f":{local.second:02}" if local.second else ""
    again = f" {local.tzname()}" if local.fold else ""
    return f"{local.hour:02}:{local.minute:02}{seconds}{again}"


def _target(seconds: int, kind: str) -> str:
    for length, unit in ((3_600, "hour"), (60, "minute"), (1, "second")):
        if seconds % length == 0:
            number = seconds // length
            return f"{number} {kind}{unit}{'' if number == 1 else 's'}"
    raise AssertionError("unreachable: every number of seconds is a multiple of one")


def _amount(length: int) -> str:
    """Return a length in hours, minutes and seconds, such as ``7 h 30 min``."""
    minutes, seconds = divmod(length // SECOND, 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "min"), (seconds, "s"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 s"


def _cut(name: str) -> str:
    return name if len(name) <= _NAME_LENGTH else f"{name[: _NAME_LENGTH - 1]}…"
