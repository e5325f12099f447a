"""Calendars and policies as callers write and read them."""

import datetime as dt
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict

from common.web.requests import JsonTime, Name, RequestModel, ResponseModel, ShortText, one_of
from sla.rules.domain.durations import MAX_SECONDS
from sla.rules.domain.hours import AtClose
from sla.rules.domain.policy import AgentInitiated, Metric, OnReopen

MetricName = Annotated[Metric, Field(strict=False), one_of(Metric)]
_WallTime = Annotated[str, StringConstraints(max_length=8)]
_Weekday = Annotated[str, StringConstraints(max_length=16)]
_Code = Annotated[str, StringConstraints(max_length=16)]

_CALENDAR_EXAMPLE: JsonDict = {
    "name": "Support, Berlin",
    "time_zone": "Europe/Berlin",
    "hours": {
        "monday": [{"start": "09:00", "end": "12:00"}, {"start": "13:00", "end": "18:00"}],
        "friday": [{"start": "09:00", "end": "15:00"}],
    },
    "overrides": [{"date": "2026-12-24", "hours": [{"start": "09:00", "end": "12:00"}]}],
    "breaks": [{"weekdays": ["friday"], "start": "12:00", "end": "12:30"}],
    "holidays": [{"date": "2026-12-31", "name": "Inventory"}],
    "national_holidays": [{"country": "DE", "subdivision": "BE"}],
    "deadline_at_close": "close",
}
_POLICY_EXAMPLE: JsonDict = {
    "name": "Chat, gold customers",
    "position": 10,
    "conditions": {"all": [{"field": "channel", "op": "in", "value": ["chat", "sms"]}]},
    "targets": [
        {"metric": "first_response", "seconds": 3600, "warn_at": ["50%", "75%", "PT10M"]},
        {"metric": "resolution", "priority": "urgent", "duration": "PT8H"},
    ],
}


class HoursBody(RequestModel):
    """Wall times such as ``09:00``; 24:00 is the end of the day."""

    start: _WallTime
    end: _WallTime


class OverrideBody(RequestModel):
    """The hours of a date in place of its weekly hours; an empty list means closed."""

    date: dt.date
    hours: Annotated[list[HoursBody], Field(max_length=24)]


class BreakBody(RequestModel):
    """Time off within the hours, on a date or every week on some weekdays."""

    start: _WallTime
    end: _WallTime
    weekdays: list[_Weekday] = Field(default=[], max_length=7)
    date: dt.date | None = None


class HolidayBody(RequestModel):
    date: dt.date
    name: ShortText = ""


class NationBody(RequestModel):
    """ISO 3166 codes of a country and, where it has its own holidays, a subdivision."""

    country: _Code
    subdivision: _Code | None = None


class CalendarRequest(RequestModel):
    model_config = ConfigDict(json_schema_extra={"examples": [_CALENDAR_EXAMPLE]})

    name: Name
    time_zone: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    hours: dict[str, Annotated[list[HoursBody], Field(max_length=24)]]
    overrides: list[OverrideBody] = Field(default=[], max_length=1_000)
    breaks: list[BreakBody] = Field(default=[], max_length=200)
    holidays: list[HolidayBody] = Field(default=[], max_length=1_000)
    national_holidays: list[NationBody] = Field(default=[], max_length=10)
    deadline_at_close: AtClose = "close"


class CalendarResponse(ResponseModel):
    """``resolved_holidays`` are the dates of national holidays, as known when it was saved."""

    calendar_id: str
    version: int
    created_at: JsonTime
    name: str
    time_zone: str
    hours: dict[str, list[HoursBody]]
    overrides: list[OverrideBody]
    breaks: list[BreakBody]
    holidays: list[HolidayBody]
    national_holidays: list[NationBody]
    resolved_holidays: list[HolidayBody]
    deadline_at_close: str


class CalendarList(ResponseModel):
    items: list[CalendarResponse]
    next: str | None


class ConditionBody(RequestModel):
    field: Annotated[str, StringConstraints(max_length=64)]
    op: Annotated[str, StringConstraints(max_length=16)]
    value: ShortText | bool | Annotated[list[ShortText], Field(max_length=200)] | None = None


class ConditionsBody(RequestModel):
    """All of ``all`` must hold, and one of ``any`` unless it is empty."""

    all: list[ConditionBody] = Field(default=[], max_length=50)
    any: list[ConditionBody] = Field(default=[], max_length=50)


class TargetBody(RequestModel):
    """``seconds`` or ``duration`` (ISO 8601 without days); ``priority`` null covers any."""

    metric: MetricName
    priority: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None
    seconds: Annotated[int, Field(ge=1, le=MAX_SECONDS)] | None = None
    duration: Annotated[str, StringConstraints(max_length=32)] | None = None
    calendar_id: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None
    warn_at: list[_Code] = Field(default=[], max_length=10)
    pause_on: list[_Code] | None = Field(
        default=None,
        max_length=4,
        description="pending, on_hold. By default both pause the resolution, and only that.",
    )
    human_only: bool = True
    private_notes: bool = False
    reopen: OnReopen = "continue"


class PolicyRequest(RequestModel):
    model_config = ConfigDict(json_schema_extra={"examples": [_POLICY_EXAMPLE]})

    name: Name
    position: Annotated[int, Field(ge=0, le=1_000_000)]
    enabled: bool = True
    conditions: ConditionsBody = ConditionsBody()
    targets: Annotated[list[TargetBody], Field(max_length=100)]
    agent_initiated: AgentInitiated = "from_first_customer_message"


class PolicyResponse(ResponseModel):
    policy_id: UUID
    version: int
    created_at: JsonTime
    name: str
    position: int
    enabled: bool
    conditions: ConditionsBody
    targets: list[TargetBody]
    agent_initiated: str


class PolicyList(ResponseModel):
    items: list[PolicyResponse]
    next: str | None
