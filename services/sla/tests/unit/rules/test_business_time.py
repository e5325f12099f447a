"""Adding business time: closing times, pauses, and searches that end."""

from datetime import date, timedelta

from services.sla.tests.calendars import HOUR, NINE_TO_FIVE, at, calendar, due
from sla.rules.domain.hours import AroundTheClock, add_business


def test_an_hour_on_friday_half_past_four_ends_on_monday():
    assert due(calendar(), at("2026-11-20T16:30"), HOUR) == at("2026-11-23T09:30")


def test_exactly_at_closing_is_at_closing():
    assert due(calendar(), at("2026-11-20T16:00"), HOUR) == at("2026-11-20T17:00")


def test_exactly_at_closing_is_the_next_opening_when_the_calendar_says_so():
    hours = calendar(at_close="next_open")
    assert due(hours, at("2026-11-20T16:00"), HOUR) == at("2026-11-23T09:00")


def test_closing_time_is_closed():
    assert due(calendar(), at("2026-11-19T17:00"), HOUR) == at("2026-11-20T10:00")


def test_a_hold_overnight_adds_nothing():
    hold = (at("2026-11-19T17:00"), at("2026-11-20T09:00"))
    assert due(calendar(), at("2026-11-19T16:00"), 2 * HOUR, hold) == at("2026-11-20T10:00")


def test_pauses_keep_microseconds():
    start = at("2026-11-20T09:00")
    hold = (start + timedelta(microseconds=1), start + timedelta(seconds=26, microseconds=2))
    expected = start + HOUR + timedelta(seconds=26, microseconds=1)
    assert due(calendar(), start, HOUR, hold) == expected


def test_overlapping_pauses_count_once():
    start = at("2026-11-20T09:00")
    one, two = (start, start + HOUR), (start + HOUR / 2, start + 2 * HOUR)
    assert due(calendar(), start, HOUR, one, two) == start + 3 * HOUR


def test_hours_that_never_come_end_the_search():
    only_once = calendar(week=((),) * 7, overrides={date(2026, 11, 23): NINE_TO_FIVE})
    assert due(only_once, at("2026-11-23T16:00"), 2 * HOUR) is None


def test_around_the_clock_counts_everything():
    start = at("2026-03-29T00:00")
    assert add_business(AroundTheClock(), start, 30 * HOUR, []) == start + 30 * HOUR
