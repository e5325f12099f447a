"""Business time against an oracle that counts minute by minute."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sla.rules.domain.hours import AroundTheClock, WorkingCalendar, add_business, business_between

HOUR = timedelta(hours=1)
NINE_TO_FIVE = ((9 * 3600, 17 * 3600),)
OPEN_WEEK = (*(NINE_TO_FIVE,) * 5, (), ())
ALWAYS = (((0, 86_400),),) * 7


def at(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def calendar(zone: str = "UTC", **changes: object) -> WorkingCalendar:
    values = {"zone": ZoneInfo(zone), "week": OPEN_WEEK, **changes}
    return WorkingCalendar(**values)  # type: ignore[arg-type]


def due(hours: WorkingCalendar, start: datetime, length: timedelta, *pauses) -> datetime | None:
    return add_business(hours, start, length, pauses)


class TestAdding:
    def test_an_hour_on_friday_half_past_four_ends_on_monday(self):
        assert due(calendar(), at("2026-11-20T16:30"), HOUR) == at("2026-11-23T09:30")

    def test_exactly_at_closing_is_at_closing(self):
        assert due(calendar(), at("2026-11-20T16:00"), HOUR) == at("2026-11-20T17:00")

    def test_exactly_at_closing_is_the_next_opening_when_the_calendar_says_so(self):
        hours = calendar(at_close="next_open")
        assert due(hours, at("2026-11-20T16:00"), HOUR) == at("2026-11-23T09:00")

    def test_closing_time_is_closed(self):
        assert due(calendar(), at("2026-11-19T17:00"), HOUR) == at("2026-11-20T10:00")

    def test_an_override_replaces_the_day_and_its_holiday(self):
        day = date(2026, 11, 23)
        hours = calendar(holidays={day: "x"}, overrides={day: ((13 * 3600, 14 * 3600),)})
        assert due(hours, at("2026-11-23T08:00"), 2 * HOUR) == at("2026-11-24T10:00")

    def test_a_holiday_clears_the_day(self):
        hours = calendar(holidays={date(2026, 11, 23): "x"})
        assert due(hours, at("2026-11-20T16:30"), HOUR) == at("2026-11-24T09:30")

    def test_a_hold_overnight_adds_nothing(self):
        hold = (at("2026-11-19T17:00"), at("2026-11-20T09:00"))
        assert due(calendar(), at("2026-11-19T16:00"), 2 * HOUR, hold) == at("2026-11-20T10:00")

    def test_pauses_keep_microseconds(self):
        start = at("2026-11-20T09:00")
        hold = (start + timedelta(microseconds=1), start + timedelta(seconds=26, microseconds=2))
        expected = start + HOUR + timedelta(seconds=26, microseconds=1)
        assert due(calendar(), start, HOUR, hold) == expected

    def test_overlapping_pauses_count_once(self):
        start = at("2026-11-20T09:00")
        one, two = (start, start + HOUR), (start + HOUR / 2, start + 2 * HOUR)
        assert due(calendar(), start, HOUR, one, two) == start + 3 * HOUR

    def test_hours_that_never_come_end_the_search(self):
        only_once = calendar(week=((),) * 7, overrides={date(2026, 11, 23): NINE_TO_FIVE})
        assert due(only_once, at("2026-11-23T16:00"), 2 * HOUR) is None


class TestDaylightSaving:
    def test_a_gap_moves_the_opening_forward(self):
        hours = calendar("Europe/Berlin", week=(((int(2.5 * 3600), 6 * 3600),),) * 7)
        start = at("2026-03-29T00:00", "Europe/Berlin")
        assert due(hours, start, HOUR) == at("2026-03-29T04:30", "Europe/Berlin")

    def test_hours_within_the_gap_that_collapse_are_skipped(self):
        hours = calendar("Europe/Berlin", week=(((int(2.5 * 3600), 3 * 3600),),) * 7)
        start = at("2026-03-29T00:00", "Europe/Berlin")
        assert due(hours, start, HOUR / 4) == at("2026-03-30T02:45", "Europe/Berlin")

    def test_an_ambiguous_time_is_the_first_of_the_two(self):
        hours = calendar("Europe/Berlin", week=(((int(2.5 * 3600), 6 * 3600),),) * 7)
        start = at("2026-10-25T00:00", "Europe/Berlin")
        assert due(hours, start, HOUR) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)

    @pytest.mark.parametrize(("day", "real_hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
    def test_a_day_has_its_real_hours(self, day: str, real_hours: int):
        hours = calendar("Europe/Berlin", week=ALWAYS)
        start = at(f"{day}T00:00", "Europe/Berlin")
        following = (date.fromisoformat(day) + timedelta(days=1)).isoformat()
        end = at(f"{following}T00:00", "Europe/Berlin")
        assert business_between(hours, start, end) == real_hours * HOUR

    def test_a_midnight_that_does_not_exist(self):
        hours = calendar("America/Sao_Paulo", week=ALWAYS)
        start = at("2018-11-03T23:00", "America/Sao_Paulo")
        assert due(hours, start, 2 * HOUR) == start + 2 * HOUR

    def test_a_date_that_a_zone_skipped_has_no_hours(self):
        hours = calendar("Pacific/Apia", week=(NINE_TO_FIVE,) * 7)
        start = at("2011-12-29T16:00", "Pacific/Apia")
        assert due(hours, start, 2 * HOUR) == at("2011-12-31T10:00", "Pacific/Apia")

    @pytest.mark.parametrize(
        "zone", ["Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "America/Havana"]
    )
    def test_all_hours_of_all_days_are_the_wall_clock(self, zone: str):
        hours = calendar(zone, week=ALWAYS)
        start = at("2018-01-01T00:17")
        assert due(hours, start, timedelta(hours=8_000)) == start + timedelta(hours=8_000)


spans = st.lists(
    st.integers(0, 96).map(lambda quarter: quarter * 900), min_size=2, max_size=6, unique=True
).map(lambda cuts: tuple(zip(*[iter(sorted(cuts)[: len(cuts) // 2 * 2])] * 2, strict=True)))
zones = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]
)
# Days around changes to and from summer time in those zones.
starts = st.one_of(
    *(
        st.datetimes(datetime(2026, m, d), datetime(2026, m, d) + timedelta(days=4))
        for m, d in ((3, 6), (3, 27), (4, 3), (10, 2), (10, 23), (10, 30))
    )
).map(lambda moment: moment.replace(second=0, microsecond=0, tzinfo=UTC))


def oracle_open(hours: WorkingCalendar, minute: datetime) -> bool:
    wall = minute.astimezone(hours.zone)
    second = wall.hour * 3600 + wall.minute * 60
    return any(start <= second < end for start, end in hours.spans_of(wall.date()))


@given(week=st.tuples(*[spans] * 7), zone=zones, start=starts, minutes=st.integers(0, 5_000))
@settings(max_examples=60, deadline=None)
def test_time_between_is_what_counting_minutes_gives(week, zone, start, minutes):
    # Edges in the hours of the night that a change skips or repeats have tests of their own.
    edges_by_day = tuple(
        tuple(s for s in day if not any(0 < edge < 4 * 3600 for edge in s)) for day in week
    )
    hours = calendar(zone, week=edges_by_day)
    end = start + timedelta(minutes=minutes)
    expected = sum(oracle_open(hours, start + timedelta(minutes=n)) for n in range(minutes))
    assert business_between(hours, start, end) == timedelta(minutes=expected)


@given(
    week=st.tuples(*[spans] * 7),
    zone=zones,
    start=starts,
    seconds=st.integers(1, 200_000),
    pause=st.tuples(st.integers(0, 5_000), st.integers(0, 5_000)),
)
@settings(max_examples=150, deadline=None)
def test_adding_and_counting_are_inverse(week, zone, start, seconds, pause):
    hours = calendar(zone, week=week)
    length = timedelta(seconds=seconds)
    pauses = [(start + timedelta(minutes=min(pause)), start + timedelta(minutes=max(pause)))]
    found = add_business(hours, start, length, pauses)
    assert found is not None
    assert business_between(hours, start, found, pauses) == length
    before = found - timedelta(microseconds=1)
    assert business_between(hours, start, before, pauses) < length


def test_around_the_clock_counts_everything():
    start = at("2026-03-29T00:00")
    assert add_business(AroundTheClock(), start, 30 * HOUR, []) == start + 30 * HOUR
