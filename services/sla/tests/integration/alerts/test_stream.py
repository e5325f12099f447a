"""The live stream of alerts: what it shows, and what it replays."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from common.jsons import loads
from devstack.servers.patience import patient
from devstack.testing.services import running_api
from services.sla.tests.harness import POLICY, Publisher, client, timer_of

pytestmark = pytest.mark.usefixtures("policy")


class Listener:
    """Reads a stream event by event."""

    def __init__(self, lines: AsyncIterator[str]) -> None:
        self._lines = lines

    async def event(self) -> tuple[str, str, dict]:
        """Return the next event's id, type and data."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(patient(5)):
            async for line in self._lines:
                name, _, value = line.partition(": ")
                if name in {"id", "event", "data"}:
                    fields[name] = value
                elif not line and "data" in fields:
                    return fields["id"], fields["event"], loads(fields["data"])
        raise AssertionError("the stream ended")


@asynccontextmanager
async def listening(
    service, *, tenant: str = "demo", last: str | None = None, **params: str | list[str]
):
    resume = {"Last-Event-ID": last} if last else {}
    async with (
        client(service, tenant=tenant) as made,
        running_api(service) as base_url,
        httpx.AsyncClient(base_url=base_url, headers=dict(made.headers) | resume) as http,
        http.stream("GET", "/v1/sla/stream", params=params) as answer,
    ):
        assert answer.status_code == 200
        yield Listener(answer.aiter_lines())


async def breach(service, publisher, desk) -> str:
    """Breach the first response of a new conversation; return its id."""
    chat = publisher.conversation().opened(desk.now(-70))
    await publisher.send(watermark=desk.now())
    while await timer_of(service).tick() == 0.0:
        pass
    return str(chat.id)


async def test_a_breach_appears_live(service, publisher, desk):
    async with listening(service, severity="breach") as stream:
        conversation_id = await breach(service, publisher, desk)
        _, kind, data = await stream.event()
    assert kind == "sla.clock.breached"
    assert data["conversation_id"] == conversation_id
    assert data["breached_at"].endswith("Z")
    assert data["severity"] == "breach"


async def test_a_reconnected_client_gets_exactly_what_it_missed(service, publisher, desk):
    ids = [await breach(service, publisher, desk) for _ in range(3)]
    (first, *_) = await desk.rows(
        "SELECT position FROM alert WHERE type = 'sla.clock.breached' ORDER BY position"
    )
    last, kind = str(first.position), "sla.clock.breached"
    async with listening(service, last=last, type=kind) as stream:
        missed = [await stream.event() for _ in range(2)]
        assert [data["conversation_id"] for _, _, data in missed] == ids[1:]
        newest = await breach(service, publisher, desk)
        assert (await stream.event())[2]["conversation_id"] == newest


async def test_a_tenant_sees_only_its_own_alerts(service, publisher, desk):
    async with client(service, tenant="other") as other:
        assert (await other.post("/v1/sla/policies", json=POLICY)).status_code == 201
    theirs = Publisher(service, tenant="other", partition=1)
    async with listening(service, tenant="other", last="0") as stream:
        await breach(service, publisher, desk)
        conversation_id = await breach(service, theirs, desk)
        assert (await stream.event())[2]["conversation_id"] == conversation_id


async def test_an_unknown_event_id_is_rejected(service, api):
    answer = await api.get("/v1/sla/stream", headers={"Last-Event-ID": "1; DROP TABLE alert"})
    assert answer.status_code == 400


async def read(stream: Listener, number: int) -> list[tuple[str, str]]:
    """Return the short types and the metrics of the next events."""
    events = [await stream.event() for _ in range(number)]
    return [(kind.rpartition(".")[2], data["metric"]) for _, kind, data in events]


async def test_the_whole_life_of_a_clock_appears_live(service, publisher, desk):
    async with listening(service, metric="resolution") as stream:
        chat = publisher.conversation().opened(desk.now(-60))
        chat.status("waiting", desk.now(-50), "pending")
        await publisher.send()
        chat.status("resumed", desk.now(-40), "open")
        await publisher.send()
        chat.status("resolved", desk.now(-30), "resolved")
        await publisher.send()
        lives = await read(stream, 4)
    assert lives == [(kind, "resolution") for kind in ("started", "paused", "resumed", "met")]


async def test_a_retraction_says_what_is_true(service, publisher, desk):
    async with listening(service, severity="breach") as stream:
        chat = publisher.conversation().opened(desk.now(-70))
        await publisher.send(watermark=desk.now())
        while await timer_of(service).tick() == 0.0:
            pass
        await stream.event()
        chat.agent(desk.now(-30))
        await publisher.send()
        _, kind, data = await stream.event()
    assert (kind, data["state"]) == ("sla.breach.retracted", "met")
    assert data["met_at"] is not None


async def test_an_alert_tells_who_has_to_know(service, publisher, desk, policy):
    customer = {"customer_id": "0199f39e-1f2e-7c3b-a1d4-5e6f708192a3"}
    routing = {"team": "deliveries", "assignee": "agent-17", "priority": "high", "tags": ["vip"]}
    async with listening(service, type="sla.clock.breached,sla.clock.warning") as stream:
        chat = publisher.conversation(**customer, **routing).opened(desk.now(-70))
        await publisher.send(watermark=desk.now())
        while await timer_of(service).tick() == 0.0:
            pass
        _, kind, data = await stream.event()
    assert kind == "sla.clock.breached"
    assert data.items() >= {**customer, **routing, "channel": "chat"}.items()
    assert (data["policy_id"], data["policy_version"]) == (policy["policy_id"], 1)
    assert data["conversation_url"] == f"/v1/conversations/{chat.id}"
    assert data["clock_url"] == f"/v1/sla/clocks/{data['clock_id']}"
    assert data["summary"].startswith("1 minute around the clock from ")
    assert "breached: unanswered" in data["summary"]


async def test_a_stream_shows_only_what_was_asked_for(service, publisher, desk):
    teams = ("billing", "deliveries", None)
    async with listening(service, team=["deliveries", "sales"], last="0") as stream:
        for team in teams:
            publisher.conversation(team=team).opened(desk.now(-70))
        await publisher.send(watermark=desk.now())
        publisher.conversation(team="sales").opened(desk.now())
        await publisher.send()
        shown = [(await stream.event())[2]["team"] for _ in range(4)]
    assert shown == ["deliveries", "deliveries", "sales", "sales"]


async def test_a_replay_is_narrowed_like_the_stream(service, publisher, desk):
    ids = [await breach(service, publisher, desk) for _ in range(2)]
    async with listening(service, last="0", severity="breach,warning") as stream:
        missed = [await stream.event() for _ in range(2)]
    assert [data["conversation_id"] for _, _, data in missed] == ids


@pytest.mark.parametrize("query", ["severity=fatal", "type=odd", "metric=x", "policy_id=7"])
@pytest.mark.parametrize("path", ["stream", "alerts"])
async def test_an_unknown_value_of_a_filter_is_rejected(api, path, query):
    answer = await api.get(f"/v1/sla/{path}?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith(f"/query/{query.partition('=')[0]}")
