"""National holidays: which years, in which order, and what is not known."""

from datetime import date

import pytest

from common.errors import InvalidError
from sla.rules.national_holidays import Nation, list_holidays

TODAY = date(2026, 11, 29)


def dates(*nations: Nation) -> list[str]:
    return [holiday["date"] for holiday in list_holidays(nations, today=TODAY)]


def test_they_reach_from_last_year_to_ten_years_ahead():
    german = dates(Nation("DE"))
    assert (german[0], german[-1]) == ("2025-01-01", "2036-12-26")
    assert german == sorted(german)


def test_a_subdivision_adds_its_own():
    assert "2026-11-01" not in dates(Nation("DE"))
    assert "2026-11-01" in dates(Nation("DE", "BY"))


def test_several_nations_share_a_calendar_and_a_date_stands_once():
    both = dates(Nation("DE"), Nation("FR"))
    assert {"2026-10-03", "2026-07-14"} <= set(both)
    assert len(both) == len(set(both))


@pytest.mark.parametrize(
    ("nation", "field"), [(Nation("XX"), "country"), (Nation("DE", "XX"), "subdivision")]
)
def test_an_unknown_place_names_its_field(nation: Nation, field: str):
    with pytest.raises(InvalidError) as raised:
        list_holidays([Nation("FR"), nation], today=TODAY)
    (error,) = raised.value.errors
    assert error.pointer == f"/national_holidays/1/{field}"


@pytest.mark.parametrize(
    "name", ["utils", "registry", "HolidayBase", "NYSE", "country_holidays", "__name__", ""]
)
def test_a_name_in_the_library_is_no_country(name: str):
    with pytest.raises(InvalidError):
        list_holidays([Nation(name)], today=TODAY)


def test_no_nation_has_no_holidays():
    assert dates() == []
