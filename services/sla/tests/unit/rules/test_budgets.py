"""What the dearest calendar that the API accepts costs, as CPU time in units of a loop."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from common.errors import InvalidError
from devstack.testing.observation.budgets import cpu_units
from sla.rules.domain.calendars import MAX_WINDOWS, build_calendar, check_limits, parse_calendar
from sla.rules.domain.durations import MAX_SECONDS
from sla.rules.domain.hours import HORIZON, Slice, add_business, deadline, elapsed
from sla.rules.domain.instants import micros
from sla.rules.domain.working_calendar import WorkingCalendar

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def minutes(count: int) -> list[dict[str, str]]:
    """One open minute at the start of each of so many hours."""
    return [{"start": f"{hour:02}:00", "end": f"{hour:02}:01"} for hour in range(count)]


def dates(count: int, *, every: int) -> list[str]:
    return [(date(2024, 1, 1) + timedelta(days=every * n)).isoformat() for n in range(count)]


def dearest_body() -> dict[str, Any]:
    """All lists as long as they may be, over as many weeks as possible, with little open time."""
    return {
        "name": "dear",
        "time_zone": "America/St_Johns",
        "hours": {day: minutes(MAX_WINDOWS) for day in DAYS},
        "overrides": [{"date": d, "hours": minutes(MAX_WINDOWS)} for d in dates(1_000, every=3)],
        "holidays": [{"date": d, "name": "x"} for d in dates(1_000, every=4)],
        "resolved_holidays": [{"date": d, "name": "y"} for d in dates(2_000, every=2)],
        "breaks": [{"date": d, "start": "03:00", "end": "03:00:30"} for d in dates(200, every=5)],
    }


def built(body: Mapping[str, Any]) -> WorkingCalendar:
    calendar = build_calendar(parse_calendar(body))
    check_limits(calendar)
    return calendar


BODY = dearest_body()


def test_building_and_a_search_over_ten_years():
    def work() -> None:
        add_business(built(BODY), NOW, timedelta(seconds=MAX_SECONDS), ())

    assert cpu_units(work) < 200


def test_a_hundred_targets_of_one_calendar():
    calendar = built(BODY)

    def work() -> None:
        for seconds in range(MAX_SECONDS - 100, MAX_SECONDS):
            assert add_business(calendar, NOW, timedelta(seconds=seconds), ()) is None

    assert cpu_units(work) < 50


def test_the_time_since_the_year_2000():
    calendar = built(BODY)
    slices = [Slice(micros(datetime(2000, 1, 2, tzinfo=UTC)), calendar)]
    assert cpu_units(lambda: elapsed(slices, micros(NOW), ())) < 2


def test_the_length_of_a_range_costs_nothing_without_exceptions():
    calendar = built({"name": "plain", "time_zone": "UTC", "hours": {"monday": minutes(1)}})
    start = micros(NOW)

    def ten_years() -> int:
        return elapsed([Slice(start, calendar)], start + HORIZON, ())

    assert ten_years() == 523 * 60 * 1_000_000
    assert deadline([Slice(start, calendar)], ten_years(), ()) is not None
    assert cpu_units(ten_years) < 1


def test_more_windows_than_a_business_has_are_refused():
    body = {
        "name": "many",
        "time_zone": "UTC",
        "hours": {"monday": minutes(MAX_WINDOWS), "friday": minutes(MAX_WINDOWS + 1)},
        "overrides": [{"date": "2026-12-24", "hours": minutes(MAX_WINDOWS + 1)}],
    }
    with pytest.raises(InvalidError) as caught:
        built(body)
    assert [error.pointer for error in caught.value.errors] == [
        "/hours/friday",
        "/overrides/0/hours",
    ]
