"""Working calendars and times for tests."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sla.rules.domain.hours import add_business
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
