"""What replaces or shortens the hours of a date: overrides, holidays, dated breaks."""

from datetime import date

from services.sla.tests.calendars import HOUR, at, calendar, due


def test_an_override_replaces_the_day_and_its_holiday():
    day = date(2026, 11, 23)
    hours = calendar(holidays={day: "x"}, overrides={day: ((13 * 3600, 14 * 3600),)})
    assert due(hours, at("2026-11-23T08:00"), 2 * HOUR) == at("2026-11-24T10:00")


def test_a_holiday_clears_the_day():
    hours = calendar(holidays={date(2026, 11, 23): "x"})
    assert due(hours, at("2026-11-20T16:30"), HOUR) == at("2026-11-24T09:30")


def test_an_override_without_hours_closes_the_day():
    hours = calendar(overrides={date(2026, 11, 23): ()})
    assert due(hours, at("2026-11-20T16:30"), HOUR) == at("2026-11-24T09:30")


def test_a_dated_break_is_taken_out_of_the_weekly_hours():
    lunch = ((12 * 3600, 13 * 3600),)
    hours = calendar(dated_breaks={date(2026, 11, 23): lunch})
    assert due(hours, at("2026-11-23T11:00"), 2 * HOUR) == at("2026-11-23T14:00")
    assert due(hours, at("2026-11-24T11:00"), 2 * HOUR) == at("2026-11-24T13:00")


def test_a_dated_break_is_taken_out_of_an_override_too():
    day = date(2026, 11, 22)
    hours = calendar(
        overrides={day: ((10 * 3600, 14 * 3600),)}, dated_breaks={day: ((11 * 3600, 13 * 3600),)}
    )
    assert hours.spans_of(day) == ((10 * 3600, 11 * 3600), (13 * 3600, 14 * 3600))


def test_a_dated_break_opens_no_hours_on_a_holiday():
    day = date(2026, 11, 23)
    hours = calendar(holidays={day: "x"}, dated_breaks={day: ((9 * 3600, 10 * 3600),)})
    assert hours.spans_of(day) == ()
