"""The live stream of alerts: what it shows, and what it replays."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from common.jsons import loads
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
        async with asyncio.timeout(5):
            async for line in self._lines:
                name, _, value = line.partition(": ")
                if name in {"id", "event", "data"}:
                    fields[name] = value
                elif not line and "data" in fields:
                    return fields["id"], fields["event"], loads(fields["data"])
        raise AssertionError("the stream ended")


@asynccontextmanager
async def listening(service, *, tenant: str = "demo", last: str | None = None):
    resume = {"Last-Event-ID": last} if last else {}
    async with (
        client(service, tenant=tenant) as made,
        running_api(service) as base_url,
        httpx.AsyncClient(base_url=base_url, headers=dict(made.headers) | resume) as http,
        http.stream("GET", "/v1/sla/stream") as answer,
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
    async with listening(service) as stream:
        conversation_id = await breach(service, publisher, desk)
        _, kind, data = await stream.event()
    assert kind == "sla.clock.breached"
    assert data["conversation_id"] == conversation_id
    assert data["breached_at"].endswith("Z")


async def test_a_reconnected_client_gets_exactly_what_it_missed(service, publisher, desk):
    ids = [await breach(service, publisher, desk) for _ in range(3)]
    (first, *_) = await desk.rows("SELECT position FROM alert ORDER BY position")
    async with listening(service, last=str(first.position)) as stream:
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
