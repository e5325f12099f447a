"""Business time across changes of the clock: gaps, repeated hours, skipped dates."""

from datetime import UTC, date, datetime, timedelta

import pytest

from services.sla.tests.calendars import ALWAYS, HOUR, NINE_TO_FIVE, at, calendar, due
from sla.rules.domain.hours import business_between


def test_a_gap_moves_the_opening_forward():
    hours = calendar("Europe/Berlin", week=(((int(2.5 * 3600), 6 * 3600),),) * 7)
    start = at("2026-03-29T00:00", "Europe/Berlin")
    assert due(hours, start, HOUR) == at("2026-03-29T04:30", "Europe/Berlin")


def test_hours_within_the_gap_that_collapse_are_skipped():
    hours = calendar("Europe/Berlin", week=(((int(2.5 * 3600), 3 * 3600),),) * 7)
    start = at("2026-03-29T00:00", "Europe/Berlin")
    assert due(hours, start, HOUR / 4) == at("2026-03-30T02:45", "Europe/Berlin")


def test_an_ambiguous_time_is_the_first_of_the_two():
    hours = calendar("Europe/Berlin", week=(((int(2.5 * 3600), 6 * 3600),),) * 7)
    start = at("2026-10-25T00:00", "Europe/Berlin")
    assert due(hours, start, HOUR) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(("day", "real_hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_a_day_has_its_real_hours(day: str, real_hours: int):
    hours = calendar("Europe/Berlin", week=ALWAYS)
    start = at(f"{day}T00:00", "Europe/Berlin")
    following = (date.fromisoformat(day) + timedelta(days=1)).isoformat()
    end = at(f"{following}T00:00", "Europe/Berlin")
    assert business_between(hours, start, end) == real_hours * HOUR


def test_a_midnight_that_does_not_exist():
    hours = calendar("America/Sao_Paulo", week=ALWAYS)
    start = at("2018-11-03T23:00", "America/Sao_Paulo")
    assert due(hours, start, 2 * HOUR) == start + 2 * HOUR


def test_a_date_that_a_zone_skipped_has_no_hours():
    hours = calendar("Pacific/Apia", week=(NINE_TO_FIVE,) * 7)
    start = at("2011-12-29T16:00", "Pacific/Apia")
    assert due(hours, start, 2 * HOUR) == at("2011-12-31T10:00", "Pacific/Apia")


@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "America/Havana"]
)
def test_all_hours_of_all_days_are_the_wall_clock(zone: str):
    hours = calendar(zone, week=ALWAYS)
    start = at("2018-01-01T00:17")
    assert due(hours, start, timedelta(hours=8_000)) == start + timedelta(hours=8_000)
