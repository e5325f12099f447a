"""Business time against an oracle that counts minute by minute."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from services.sla.tests.calendars import calendar
from sla.rules.domain.hours import add_business, business_between
from sla.rules.domain.working_calendar import WorkingCalendar

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
