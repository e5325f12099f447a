"""Calendars as their owners write them: the hours they make, and the errors that name a field."""

from datetime import date
from typing import Any

import pytest

from common.errors import InvalidError
from sla.rules.domain.calendars import build_calendar, parse_calendar
from sla.rules.domain.working_calendar import WorkingCalendar

MONDAY, TUESDAY = date(2026, 11, 23), date(2026, 11, 24)
HOUR = 3600
OFFICE: dict[str, Any] = {
    "name": "Office",
    "time_zone": "Europe/Berlin",
    "hours": {"monday": [{"start": "09:00", "end": "17:00"}]},
}


def built(**changes: Any) -> WorkingCalendar:
    return build_calendar(parse_calendar(OFFICE | changes))


def problems(**changes: Any) -> dict[str | None, str]:
    with pytest.raises(InvalidError) as raised:
        built(**changes)
    return {error.pointer: error.detail for error in raised.value.errors}


def test_a_weekday_that_is_not_named_is_closed():
    office = built()
    assert office.spans_of(MONDAY) == ((9 * HOUR, 17 * HOUR),)
    assert office.spans_of(TUESDAY) == ()
    assert (str(office.zone), office.at_close) == ("Europe/Berlin", "close")


def test_intervals_are_put_in_order_and_may_touch():
    afternoon, morning = {"start": "12:00", "end": "24:00"}, {"start": "08:00", "end": "12:00"}
    office = built(hours={"monday": [afternoon, morning]})
    assert office.spans_of(MONDAY) == ((8 * HOUR, 12 * HOUR), (12 * HOUR, 24 * HOUR))


def test_a_weekly_break_is_taken_out_of_its_weekdays_only():
    nine_to_five = [{"start": "09:00", "end": "17:00"}]
    office = built(
        hours={"monday": nine_to_five, "tuesday": nine_to_five},
        breaks=[
            {"weekdays": ["monday"], "start": "12:00", "end": "13:00"},
            {"weekdays": ["monday"], "start": "12:30", "end": "13:30"},
        ],
    )
    assert office.spans_of(MONDAY) == ((9 * HOUR, 12 * HOUR), (13 * HOUR + 1800, 17 * HOUR))
    assert office.spans_of(TUESDAY) == ((9 * HOUR, 17 * HOUR),)


def test_breaks_of_one_date_add_up():
    office = built(
        breaks=[
            {"date": "2026-11-23", "start": "09:00", "end": "10:00"},
            {"date": "2026-11-23", "start": "16:00", "end": "17:00"},
        ]
    )
    assert office.spans_of(MONDAY) == ((10 * HOUR, 16 * HOUR),)


def test_ones_own_name_of_a_holiday_wins_over_the_nations():
    office = built(
        holidays=[{"date": "2026-12-25", "name": "Closed"}],
        resolved_holidays=[
            {"date": "2026-12-25", "name": "Christmas Day"},
            {"date": "2026-12-26", "name": "Second Day"},
        ],
    )
    assert office.holidays == {date(2026, 12, 25): "Closed", date(2026, 12, 26): "Second Day"}


@pytest.mark.parametrize(
    "wall", ["9:00", "09:60", "25:00", "24:00:01", "24:30", "09:00:", "٠٩:00", ""]
)
def test_a_malformed_wall_time_names_start_or_end(wall: str):
    (pointer,) = problems(hours={"monday": [{"start": wall, "end": "17:00"}]})
    assert pointer == "/hours/monday/0/start"
    (pointer,) = problems(hours={"monday": [{"start": "08:00", "end": wall}]})
    assert pointer == "/hours/monday/0/end"


@pytest.mark.parametrize("end", ["09:00", "08:59:59"])
def test_hours_that_end_before_they_start_must_be_split_at_midnight(end: str):
    found = problems(hours={"monday": [{"start": "09:00", "end": end}]})
    assert "24:00" in found["/hours/monday/0/end"]


def test_the_later_of_two_overlapping_intervals_is_named():
    late, early = {"start": "11:59", "end": "13:00"}, {"start": "09:00", "end": "12:00"}
    assert set(problems(hours={"monday": [late, early]})) == {"/hours/monday/0"}


@pytest.mark.parametrize("when", [{}, {"date": "2026-11-23", "weekdays": ["monday"]}])
def test_a_break_is_dated_or_weekly_but_not_both(when: dict[str, Any]):
    found = problems(breaks=[{"start": "12:00", "end": "13:00"} | when])
    assert set(found) == {"/breaks/0"}


def test_a_date_has_one_override():
    override = {"date": "2026-11-23", "hours": []}
    assert set(problems(overrides=[override, override])) == {"/overrides/1/date"}


def test_a_week_that_breaks_leave_no_open_time_is_rejected():
    all_day = {"weekdays": ["monday"], "start": "00:00", "end": "24:00"}
    assert set(problems(breaks=[all_day])) == {"/hours"}
    assert set(problems(hours={})) == {"/hours"}


def test_all_problems_are_reported_at_once():
    found = problems(
        time_zone="Europe/Atlantis",
        hours={"someday": []},
        overrides=[{"date": "2026-11-23", "hours": [{"start": "x", "end": "y"}]}],
    )
    assert set(found) == {
        "/time_zone",
        "/hours/someday",
        "/overrides/0/hours/0/start",
        "/overrides/0/hours/0/end",
    }
