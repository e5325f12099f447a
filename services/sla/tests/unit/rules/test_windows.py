"""Windows of time as sets: their union, what is left without the holes, and slices of hours."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sla.tests.calendars import at, calendar
from sla.rules.domain.hours import FOREVER, HORIZON, AroundTheClock, Slice, deadline, elapsed
from sla.rules.domain.instants import SECOND, micros, optional_time_of, time_of
from sla.rules.domain.windows import merge, subtract

ALWAYS_OPEN = AroundTheClock()
WINDOWS = st.lists(
    st.tuples(st.integers(0, 40), st.integers(1, 10)).map(lambda w: (w[0], w[0] + w[1])), max_size=8
)


def members(windows) -> set[int]:
    return {instant for start, end in windows for instant in range(start, end)}


class TestSets:
    def test_overlapping_windows_are_one_and_adjacent_ones_stay_apart(self):
        assert merge([(5, 9), (0, 3), (2, 4), (9, 12)]) == ((0, 4), (5, 9), (9, 12))

    def test_a_hole_shortens_splits_or_removes_a_window(self):
        assert subtract([(0, 10)], [(8, 12)]) == ((0, 8),)
        assert subtract([(0, 10)], [(-5, 2)]) == ((2, 10),)
        assert subtract([(0, 10)], [(3, 5), (4, 7)]) == ((0, 3), (7, 10))
        assert subtract([(0, 10), (20, 30)], [(0, 20)]) == ((20, 30),)

    @given(WINDOWS, WINDOWS)
    def test_they_are_the_union_and_the_difference(self, windows, holes):
        merged = merge(windows)
        assert members(merged) == members(windows)
        assert all(a[1] <= b[0] for a, b in pairwise(merged))
        assert members(subtract(merged, holes)) == members(windows) - members(holes)


class TestSlices:
    def test_each_slice_counts_by_its_own_hours_until_the_next(self):
        """Office hours from Friday 16:00, then every hour from Saturday on."""
        friday, saturday = micros(at("2026-11-20T16:00")), micros(at("2026-11-21T00:00"))
        slices = [Slice(friday, calendar()), Slice(saturday, ALWAYS_OPEN)]
        hour = 3600 * SECOND
        assert deadline(slices, hour, ()) == friday + hour
        assert deadline(slices, 3 * hour, ()) == saturday + 2 * hour
        assert elapsed(slices, saturday + 2 * hour, ()) == 3 * hour
        assert elapsed(slices, friday, ()) == 0

    def test_a_pause_without_end_leaves_no_deadline_after_its_start(self):
        slices = [Slice(0, ALWAYS_OPEN)]
        paused = ((100, FOREVER),)
        assert deadline(slices, 100, paused) == 100
        assert deadline(slices, 101, paused) is None
        assert elapsed(slices, 1_000, paused) == 100

    def test_the_search_ends_at_the_horizon(self):
        slices = [Slice(0, ALWAYS_OPEN)]
        assert deadline(slices, HORIZON, ()) == HORIZON
        assert deadline(slices, HORIZON + 1, ()) is None

    def test_no_time_counts_in_an_empty_range(self):
        assert list(ALWAYS_OPEN.windows(5, 5)) == []
        assert list(calendar().windows(5, 5)) == []


@pytest.mark.parametrize(
    "time",
    [
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(2026, 11, 29, 12, 0, 0, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    ],
)
def test_an_instant_keeps_every_microsecond(time: datetime):
    assert time_of(micros(time)) == time
    assert optional_time_of(micros(time)) == time


def test_no_instant_is_no_time():
    assert optional_time_of(None) is None
    assert micros(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)) == SECOND
