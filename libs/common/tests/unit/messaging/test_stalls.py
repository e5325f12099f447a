"""What a member of a consumer group can be stuck in."""

import pytest

from common.messaging.inbox.stalls import Stalls


class Hours:
    """A monotonic clock that a test sets, and the rules that go by it."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.stalls = Stalls(60.0, monotonic=lambda: self.now)

    def later(self, seconds: float, *, waiting: bool) -> str | None:
        self.now += seconds
        return self.stalls.reason(waiting=waiting)


@pytest.fixture
def hours():
    return Hours()


def test_an_idle_hour_does_not_count_against_the_record_that_ends_it(hours):
    for _ in range(60):
        hours.stalls.answered()
        assert hours.later(60, waiting=False) is None
    hours.stalls.answered()
    assert hours.later(0, waiting=True) is None
    hours.stalls.answered()
    assert hours.later(60, waiting=True) is None
    hours.stalls.answered()
    assert hours.later(1, waiting=True) == "there are records to read but nothing moves"
    hours.stalls.moved()
    assert hours.later(1, waiting=True) is None


def test_a_broker_that_answers_no_more_is_noticed(hours):
    assert hours.later(60, waiting=False) is None
    assert hours.later(1, waiting=False) == "the broker does not answer"
    hours.stalls.answered()
    assert hours.later(1, waiting=False) is None


def test_a_group_that_does_not_let_the_member_in_is_noticed(hours):
    hours.stalls.revoked()
    hours.later(60, waiting=False)
    hours.stalls.answered()
    assert hours.later(1, waiting=False) == "the group does not let this member in again"
    hours.stalls.assigned()
    assert hours.later(1, waiting=False) is None
