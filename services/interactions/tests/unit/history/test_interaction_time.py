"""Which claimed times are accepted."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from interactions.history.domain.interaction_time import EARLIEST, TOLERATED_FUTURE, judge_time
from services.interactions.tests.factories import NOON, minutes

TIMES = st.datetimes(
    min_value=datetime(1971, 1, 1),
    max_value=datetime(2100, 1, 1),
    timezones=st.just(UTC),
)


def test_a_plausible_time_is_believed():
    moment = judge_time(NOON - minutes(3), received_at=NOON)
    assert (moment.occurred_at, moment.source, moment.claim) == (NOON - minutes(3), "given", None)


def test_a_missing_time_is_the_time_of_receipt():
    moment = judge_time(None, received_at=NOON)
    assert (moment.occurred_at, moment.source) == (NOON, "received")


def test_five_minutes_ahead_are_tolerated_and_no_more():
    assert judge_time(NOON + minutes(5), received_at=NOON).source == "given"
    late = judge_time(NOON + minutes(5) + timedelta(microseconds=1), received_at=NOON)
    assert late.source == "implausible"
    assert late.occurred_at == NOON
    assert late.claim is not None


@given(TIMES)
def test_the_time_in_use_is_always_plausible(claimed):
    moment = judge_time(claimed, received_at=NOON)
    assert EARLIEST <= moment.occurred_at <= NOON + TOLERATED_FUTURE
    assert (moment.claim is None) == (moment.occurred_at == claimed)
