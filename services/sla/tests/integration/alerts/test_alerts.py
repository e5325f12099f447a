"""The log of alerts as the API lists it."""

import pytest

from services.sla.tests.harness import timer_of
from sla.alerts.http.filters import AlertType
from sla.alerts.store import alerts
from sla.clocks.events.published import PUBLISHED

pytestmark = pytest.mark.usefixtures("policy")


def test_every_published_event_can_be_asked_for():
    assert {str(kind) for kind in AlertType} == {event.event_type for event in PUBLISHED}


async def declared(service, publisher, desk, **snapshot) -> str:
    """Breach the first response of a new conversation; return its id."""
    chat = publisher.conversation(**snapshot).opened(desk.now(-70))
    await publisher.send(watermark=desk.now())
    while await timer_of(service).tick() == 0.0:
        pass
    return str(chat.id)


async def listed(api, **params) -> list[dict]:
    """Return the alerts of all pages."""
    items: list[dict] = []
    while True:
        answer = await api.get("/v1/sla/alerts", params=params)
        assert answer.status_code == 200, answer.text
        items += answer.json()["items"]
        if answer.json()["next"] is None:
            return items
        params["cursor"] = answer.json()["next"]


async def test_the_log_lists_what_the_stream_told_newest_first(api, service, publisher, desk):
    ids = [await declared(service, publisher, desk) for _ in range(3)]
    rows = await desk.rows("SELECT position, type FROM alert ORDER BY position DESC")
    alerts_listed = await listed(api, limit=2)
    assert [(a["alert_id"], a["type"]) for a in alerts_listed] == [
        (str(row.position), row.type) for row in rows
    ]
    breaches = [a for a in alerts_listed if a["type"] == "sla.clock.breached"]
    assert [a["conversation_id"] for a in breaches] == ids[::-1]


async def test_the_log_is_narrowed_even_where_few_alerts_match(
    api, service, publisher, desk, monkeypatch
):
    await declared(service, publisher, desk, team="billing")
    wanted = await declared(service, publisher, desk, team="deliveries", channel="email")
    await declared(service, publisher, desk, team="billing")
    monkeypatch.setattr(alerts, "SCAN", 2)
    (alert,) = await listed(api, team="deliveries", severity="breach", limit=5)
    assert (alert["conversation_id"], alert["severity"]) == (wanted, "breach")
    channels = await listed(api, channel="email", metric="first_response,resolution")
    assert {a["conversation_id"] for a in channels} == {wanted}


async def test_a_cursor_is_bound_to_its_filters(api, service, publisher, desk):
    await declared(service, publisher, desk)
    page = (await api.get("/v1/sla/alerts", params={"limit": 1, "severity": "info"})).json()
    params = {"cursor": page["next"], "severity": "breach"}
    assert (await api.get("/v1/sla/alerts", params=params)).status_code == 400
