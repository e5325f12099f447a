"""Working calendars and times for tests."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sla.rules.domain.hours import AroundTheClock, add_business
from sla.rules.domain.windows import Window
from sla.rules.domain.working_calendar import WorkingCalendar

HOUR = timedelta(hours=1)
NINE_TO_FIVE = ((9 * 3600, 17 * 3600),)
OPEN_WEEK = (*(NINE_TO_FIVE,) * 5, (), ())
ALWAYS = (((0, 86_400),),) * 7


def at(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def calendar(zone: str = "UTC", **changes: object) -> WorkingCalendar:
    values = {"zone": ZoneInfo(zone), "week": OPEN_WEEK, **changes}
    return WorkingCalendar(**values)  # type: ignore[arg-type]


def due(hours: WorkingCalendar, start: datetime, length: timedelta, *pauses) -> datetime | None:
    return add_business(hours, start, length, pauses)


@dataclass
class CountedHours:
    """Hours around the clock that count how often they are asked."""

    asked: int = 0
    at_close = "close"

    def windows(self, start: int, end: int) -> Iterator[Window]:
        return AroundTheClock().windows(start, end)

    def open_time(self, start: int, end: int) -> int:
        self.asked += 1
        return AroundTheClock().open_time(start, end)

    def advance(self, start: int, end: int, need: int) -> tuple[int | None, int]:
        self.asked += 1
        return AroundTheClock().advance(start, end, need)
