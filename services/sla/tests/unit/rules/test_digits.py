"""Callers write times and durations in ASCII digits; what was saved before stays readable."""

from copy import deepcopy
from typing import Any

import pytest

from common.errors import InvalidError
from common.jsons import pointer_to
from sla.rules.domain import calendars, policy_parser
from sla.rules.domain.durations import parse_duration

ARABIC, WIDE = ({ord("0") + n: first + n for n in range(10)} for first in (0x660, 0xFF10))
"""Translations of ASCII digits."""
CALENDAR: dict[str, Any] = {
    "name": "Support",
    "time_zone": "UTC",
    "hours": {"monday": [{"start": "09:00", "end": "17:30:15"}]},
    "overrides": [{"date": "2026-12-24", "hours": [{"start": "09:00", "end": "12:00"}]}],
    "breaks": [
        {"start": "10:00", "end": "10:15", "date": "2026-12-28"},
        {"start": "11:00", "end": "11:15", "weekdays": ["monday"]},
    ],
    "holidays": [{"date": "2026-12-31", "name": "Inventory 2026"}],
}
POLICY: dict[str, Any] = {
    "name": "Gold",
    "position": 1,
    "targets": [
        {"metric": "resolution", "duration": "PT4H30M", "warn_at": ["50%", "PT10M"]},
    ],
}
CALENDAR_PLACES = [
    ("hours", "monday", 0, "start"), ("hours", "monday", 0, "end"),
    ("overrides", 0, "hours", 0, "start"), ("overrides", 0, "hours", 0, "end"),
    ("breaks", 0, "start"), ("breaks", 0, "end"), ("breaks", 1, "start"), ("breaks", 1, "end"),
]  # fmt: skip
POLICY_PLACES = [
    ("targets", 0, "duration"), ("targets", 0, "warn_at", 0), ("targets", 0, "warn_at", 1),
]  # fmt: skip


def check_calendar(body: Any) -> None:
    calendars.check_spelling(calendars.parse_calendar(body))


def changed(body: Any, path: tuple[Any, ...], digits: Any) -> Any:
    other = parent = deepcopy(body)
    for step in path[:-1]:
        parent = parent[step]
    parent[path[-1]] = parent[path[-1]].translate(digits)
    return other


def test_ascii_digits_are_accepted():
    check_calendar(CALENDAR)
    policy_parser.check_spelling(POLICY)


@pytest.mark.parametrize("digits", [ARABIC, WIDE])
@pytest.mark.parametrize("path", CALENDAR_PLACES)
def test_a_calendar_with_other_digits_is_refused(path: tuple[Any, ...], digits: Any):
    with pytest.raises(InvalidError) as raised:
        check_calendar(changed(CALENDAR, path, digits))
    assert [error.pointer for error in raised.value.errors] == [pointer_to(path)]


@pytest.mark.parametrize("digits", [ARABIC, WIDE])
@pytest.mark.parametrize("path", POLICY_PLACES)
def test_a_policy_with_other_digits_is_refused(path: tuple[Any, ...], digits: Any):
    with pytest.raises(InvalidError) as raised:
        policy_parser.check_spelling(changed(POLICY, path, digits))
    assert [error.pointer for error in raised.value.errors] == [pointer_to(path)]


def test_what_was_saved_with_other_digits_stays_readable():
    stored = {"start": "09:0" + "0".translate(ARABIC), "end": "17:3" + "0".translate(WIDE)}
    calendar = calendars.parse_calendar({**CALENDAR, "hours": {"monday": [stored]}})
    assert calendars.build_calendar(calendar).week[0]
    assert parse_duration("PT1H".translate(ARABIC)) == 3_600
