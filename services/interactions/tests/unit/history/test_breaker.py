"""When calls to identity are paused, and when they resume."""

from interactions.history.clients.breaker import Breaker


def test_the_breaker_opens_probes_once_an_interval_and_closes():
    now = [0.0]
    breaker = Breaker(threshold=2, probe_seconds=1.0, monotonic=lambda: now[0])
    breaker.failed()
    assert breaker.allows()
    breaker.failed()
    assert breaker.open
    assert not breaker.allows()
    now[0] = 1.0
    assert breaker.allows()
    assert not breaker.allows()
    breaker.succeeded()
    assert breaker.allows()
    assert not breaker.open
