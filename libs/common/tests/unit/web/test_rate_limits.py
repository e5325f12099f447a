"""Quotas."""

import pytest

from common.errors import RateLimitedError
from common.web.auth import rate_limits
from common.web.auth.rate_limits import Buckets


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_quota_is_spent_and_comes_back_with_time():
    time = Time()
    buckets = Buckets(60, time=time)
    for left in range(59, -1, -1):
        assert buckets.take("a").remaining == left
    with pytest.raises(RateLimitedError) as caught:
        buckets.take("a")
    assert 0 < caught.value.retry_after_seconds <= 1
    assert buckets.take("b").remaining == 59
    time.now += caught.value.retry_after_seconds
    assert buckets.take("a").remaining == 0


def test_costs_are_weighted_and_a_refusal_costs_nothing():
    buckets = Buckets(100, time=Time())
    assert buckets.take("a", 70).remaining == 30
    with pytest.raises(RateLimitedError):
        buckets.take("a", 31)
    assert buckets.take("a", 30).remaining == 0


def test_a_cost_above_the_quota_needs_a_full_bucket_and_leaves_a_debt():
    time = Time()
    buckets = Buckets(60, time=time)
    assert buckets.take("a", 120).remaining == 0
    time.now += 30
    with pytest.raises(RateLimitedError) as caught:
        buckets.take("a")
    assert caught.value.retry_after_seconds == pytest.approx(31)
    time.now += 31
    buckets.take("a")


def test_time_that_stands_still_at_the_edge_of_a_window_gives_nothing_twice():
    time = Time()
    buckets = Buckets(60, time=time)
    taken = 0
    for tick in range(1_200):
        time.now = tick / 10
        try:
            buckets.take("a")
        except RateLimitedError:
            continue
        taken += 1
    assert taken <= 60 + 120


def test_headers_are_structured_fields():
    headers = dict(Buckets(100, time=Time()).take("a", 40).headers())
    assert headers == {
        b"ratelimit-policy": b'"default";q=100;w=60',
        b"ratelimit": b'"default";r=60;t=24',
    }


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(rate_limits, "MAX_BUCKETS", 10)
    buckets = Buckets(5, time=Time())
    for number in range(1_000):
        buckets.take(number)
    assert len(buckets._buckets) == 10
