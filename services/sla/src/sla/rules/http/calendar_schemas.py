"""Calendars as callers write and read them."""

import datetime as dt
from typing import Annotated, Any

from pydantic import ConfigDict, Field, StringConstraints, WithJsonSchema, create_model
from pydantic.config import JsonDict

from common.jsons import describe_pattern
from common.web.requests import (
    DescribedAs,
    JsonTime,
    Name,
    RequestModel,
    ResponseModel,
    ShortText,
    one_of,
)
from sla.rules.domain.calendars import MAX_WINDOWS, WEEKDAYS
from sla.rules.domain.hours import AtClose
from sla.rules.http.examples import BERLIN
from sla.rules.national_holidays import YEARS_AHEAD

_WALL_TIME = describe_pattern(
    "^(([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?|24:00(:00)?)$",
    "must be a wall time such as 17:30",
)
_WallTime = Annotated[
    str,
    StringConstraints(max_length=8),
    WithJsonSchema({"type": "string", "pattern": _WALL_TIME}),
]
_Weekday = Annotated[str, StringConstraints(max_length=16), one_of(WEEKDAYS)]
_Code = Annotated[str, StringConstraints(max_length=16)]

_WEEKDAYS = "`monday`, `tuesday`, `wednesday`, `thursday`, `friday`, `saturday` or `sunday`"
_NAME = Field(description="Name of the calendar, unique among the tenant's calendars.")
_TIME_ZONE = Field(description="IANA time zone of all wall times, such as `Europe/Berlin`.")
_HOURS = Field(
    description=f"Weekly open hours: intervals by weekday ({_WEEKDAYS}), which must not overlap. A "
    "weekday that is absent or has no interval is closed; at least one must be open. After breaks, "
    f"a day has at most {MAX_WINDOWS} stretches of open time."
)
_OVERRIDES = Field(
    description="Hours of single dates instead of their weekly hours, weekly breaks and holidays; "
    "each date once."
)
_BREAKS = Field(description="Time off within the open hours, weekly or on a date.")
_HOLIDAYS = Field(description="Dates on which the calendar is closed, unless overridden.")
_NATIONAL_HOLIDAYS = Field(
    description="Countries on whose national holidays the calendar is closed, unless overridden."
)
_DEADLINE_AT_CLOSE = Field(
    description="Where a deadline exactly at the end of open hours lies: `close` (at that end) or "
    "`next_open` (at the start of the next open hours)."
)

_EXAMPLE: JsonDict = BERLIN | {
    "national_holidays": [{"country": "DE", "subdivision": "BE"}],
    "deadline_at_close": "close",
}


class HoursBody(RequestModel, title="OpeningHours"):
    """Wall times such as ``09:00``; 24:00 is the end of the day."""

    start: _WallTime = Field(description="Opening time, as `HH:MM` or `HH:MM:SS`.")
    end: _WallTime = Field(
        description="Closing time after `start`, as `HH:MM` or `HH:MM:SS`, at most `24:00`; this "
        "instant is closed."
    )


_DAYS: dict[str, Any] = {
    name: (list[HoursBody], Field(default=[], max_length=24, description=f"On {name.title()}s."))
    for name in WEEKDAYS
}
_WeeklyHours: Any = create_model(
    "WeeklyHours",
    __base__=RequestModel,
    __cls_kwargs__={"json_schema_serialization_defaults_required": False},
    __doc__="Open hours by weekday; a weekday that is absent is closed.",
    **_DAYS,
)
WeeklyHours = Annotated[
    dict[str, Annotated[list[HoursBody], Field(max_length=24)]], DescribedAs(_WeeklyHours)
]
"""A mapping, so that the domain says what is wrong with a name that is no weekday."""


class OverrideBody(RequestModel, title="HoursOverride"):
    """The hours of a date in place of its weekly hours; an empty list means closed."""

    date: dt.date = Field(description="Date in the calendar's time zone, as `YYYY-MM-DD`.")
    hours: Annotated[list[HoursBody], Field(max_length=24)] = Field(
        description="Open hours of the date, which must not overlap; empty for closed."
    )


class BreakBody(RequestModel, title="Break"):
    """Time off within the hours, on a date or every week on some weekdays."""

    start: _WallTime = Field(description="Start of the break, as `HH:MM` or `HH:MM:SS`.")
    end: _WallTime = Field(
        description="End of the break after `start`, as `HH:MM` or `HH:MM:SS`, at most `24:00`."
    )
    weekdays: list[_Weekday] = Field(
        default=[],
        max_length=7,
        description=f"Weekdays of a weekly break: {_WEEKDAYS}. Empty for a break on one date; set "
        "exactly one of `weekdays` and `date`.",
    )
    date: dt.date | None = Field(
        default=None,
        description="Date of a single break, as `YYYY-MM-DD`; null for a weekly break.",
    )


class HolidayBody(RequestModel, title="Holiday"):
    """A date without open hours."""

    date: dt.date = Field(description="Date in the calendar's time zone, as `YYYY-MM-DD`.")
    name: ShortText = Field(
        default="", description="Name of the holiday, which the traces of clocks show."
    )


class NationBody(RequestModel, title="NationalHolidays"):
    """ISO 3166 codes of a country and, where it has its own holidays, a subdivision."""

    country: _Code = Field(description="ISO 3166-1 code of the country, such as `DE`.")
    subdivision: _Code | None = Field(
        default=None,
        description="Code of a subdivision as in ISO 3166-2, without the country, such as `BE`; "
        "null for the holidays of the whole country only.",
    )


class CalendarRequest(RequestModel):
    """A calendar: the hours in which business time passes."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    name: Annotated[Name, _NAME]
    time_zone: Annotated[str, StringConstraints(min_length=1, max_length=64), _TIME_ZONE]
    hours: Annotated[WeeklyHours, _HOURS]
    overrides: Annotated[list[OverrideBody], _OVERRIDES] = Field(default=[], max_length=1_000)
    breaks: Annotated[list[BreakBody], _BREAKS] = Field(default=[], max_length=200)
    holidays: Annotated[list[HolidayBody], _HOLIDAYS] = Field(default=[], max_length=1_000)
    national_holidays: Annotated[list[NationBody], _NATIONAL_HOLIDAYS] = Field(
        default=[], max_length=10
    )
    deadline_at_close: Annotated[AtClose, _DEADLINE_AT_CLOSE] = "close"


class CalendarResponse(ResponseModel, title="Calendar"):
    """``resolved_holidays`` are the dates of national holidays, as known when it was saved."""

    calendar_id: str = Field(description="Id of the calendar.")
    version: int = Field(description="Version of the calendar; each change makes the next, from 1.")
    created_at: JsonTime = Field(description="When this version was saved, in UTC.")
    name: Annotated[str, _NAME]
    time_zone: Annotated[str, _TIME_ZONE]
    hours: Annotated[WeeklyHours, _HOURS]
    overrides: Annotated[list[OverrideBody], _OVERRIDES]
    breaks: Annotated[list[BreakBody], _BREAKS]
    holidays: Annotated[list[HolidayBody], _HOLIDAYS]
    national_holidays: Annotated[list[NationBody], _NATIONAL_HOLIDAYS]
    resolved_holidays: list[HolidayBody] = Field(
        description="Dates of the national holidays, as known when this version was saved, from "
        f"the year before until {YEARS_AHEAD} years after."
    )
    deadline_at_close: Annotated[AtClose, _DEADLINE_AT_CLOSE]


class CalendarList(ResponseModel):
    """A page of calendars."""

    items: list[CalendarResponse] = Field(
        description="Calendars in their current versions, ordered by id."
    )
    next: str | None = Field(
        description="The `cursor` that reads the next page; null on the last page."
    )
