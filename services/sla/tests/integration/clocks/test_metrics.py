"""What every process tells of the clocks, whether or not it moves them."""

from datetime import timedelta

import pytest
from prometheus_client import REGISTRY

from services.sla.tests.harness import timer_of

pytestmark = pytest.mark.usefixtures("policy")


def events(event: str, metric: str, outcome: str = "") -> float:
    labels = {"event": event, "metric": metric, "outcome": outcome}
    return REGISTRY.get_sample_value("threadline_sla_clock_events_total", labels) or 0.0


def clocks(state: str) -> float | None:
    return REGISTRY.get_sample_value("threadline_sla_clocks", {"state": state})


@pytest.fixture
async def gauges(service, api):
    """Ask for the metrics, as a process without a timer would; return what they say."""

    async def ask() -> dict[str, float | None]:
        service.readings._read_at = float("-inf")
        assert (await api.get("/metrics")).status_code == 200
        return {name: clocks(name) for name in ("running", "paused", "overdue", "undeclared")}

    return ask


async def test_a_dead_timer_shows_in_the_gauges_of_others(service, publisher, desk, gauges):
    publisher.conversation().opened(desk.now(-70))
    chat = publisher.conversation().opened(desk.now())
    chat.status("waiting", desk.now(), "pending")
    await publisher.send(watermark=desk.now())
    assert await gauges() == {"running": 3, "paused": 1, "overdue": 1, "undeclared": 1}
    while await timer_of(service).tick() == 0.0:
        pass
    assert await gauges() == {"running": 2, "paused": 1, "overdue": 1, "undeclared": 0}


async def test_each_breach_is_counted_once_by_its_outcome(service, publisher, desk):
    before = {
        kind: events(kind, "first_response", outcome)
        for kind, outcome in (("breached", "unanswered"), ("breach_changed", "answered_late"))
    }
    chat = publisher.conversation().opened(desk.now(-70))
    await publisher.send(watermark=desk.now())
    while await timer_of(service).tick() == 0.0:
        pass
    chat.agent(desk.now())
    await publisher.send(watermark=desk.now())
    assert events("breached", "first_response", "unanswered") == before["breached"] + 1
    changed = events("breach_changed", "first_response", "answered_late")
    assert changed == before["breach_changed"] + 1


async def test_what_is_told_twice_is_counted_once(publisher, desk):
    before = events("started", "resolution")
    publisher.conversation().opened(desk.now())
    waiting = [event.with_new_id() for event in publisher.waiting]
    await publisher.send()
    publisher.waiting = waiting
    await publisher.send()
    assert events("started", "resolution") == before + 1


async def test_readings_are_kept_for_some_seconds(service, api):
    service.readings._read_at = float("-inf")
    await api.get("/metrics")
    read_at = service.readings._read_at
    await api.get("/metrics")
    assert service.readings._read_at == read_at
    labels = {"service": "sla"}
    told = REGISTRY.get_sample_value("threadline_readings_timestamp_seconds", labels)
    assert told is not None
    assert abs(told - service.clock.now().timestamp()) < timedelta(minutes=1).total_seconds()
    letters = {"stream": "sla.conversations"}
    assert REGISTRY.get_sample_value("threadline_dead_letters_waiting", letters) == 0
