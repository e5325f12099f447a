"""Clocks as they are listed and explained, and the stream of alerts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from itertools import pairwise

import httpx
import pytest

from common.jsons import loads
from devstack.testing.services import serving
from services.sla.tests.running import POLICY, Source, client, timer_of

pytestmark = pytest.mark.usefixtures("policy")


async def test_pages_are_whole_and_in_order(api, desk, source):
    for n in range(7):
        source.conversation().opened(desk.now(n))
    await source.send()
    seen, cursor = [], None
    while True:
        params = {"metric": "first_response", "limit": 3} | ({"cursor": cursor} if cursor else {})
        page = (await api.get("/v1/sla/clocks", params=params)).json()
        seen += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
    due = [c["due_at"] for c in seen]
    assert len({c["clock_id"] for c in seen}) == 7
    assert due == sorted(due)


async def test_a_cursor_is_bound_to_its_filters(api, desk, source):
    for _ in range(3):
        source.conversation().opened(desk.now())
    await source.send()
    page = (await api.get("/v1/sla/clocks", params={"limit": 1, "state": "running"})).json()
    answer = await api.get("/v1/sla/clocks", params={"cursor": page["next"], "state": "met"})
    assert answer.status_code == 400


async def test_filters(api, desk, source, policy):
    source.conversation().opened(desk.now()).status("waiting", desk.now(1), "pending")
    await source.send()

    async def found(**params) -> set[str]:
        answer = await api.get("/v1/sla/clocks", params=params)
        assert answer.status_code == 200, answer.text
        return {c["metric"] for c in answer.json()["items"]}

    assert await found(state="paused") == {"resolution"}
    assert await found(due_before=desk.now(120).isoformat()) == {"first_response"}
    assert await found(policy_id=policy["policy_id"]) == {"first_response", "resolution"}
    assert (await api.get("/v1/sla/clocks", params={"state": "odd"})).status_code == 422
    assert (await api.get("/v1/sla/clocks", params={"weather": "x"})).status_code == 422


async def test_the_trace_accounts_for_every_moment(api, desk, source):
    began = desk.now(-3600)
    chat = source.conversation().opened(began)
    chat.status("waiting", began + timedelta(minutes=10), "pending")
    chat.status("resumed", began + timedelta(minutes=30), "open")
    chat.status("resolved", began + timedelta(minutes=50), "resolved")
    await source.send()
    listed = await api.get("/v1/sla/clocks", params={"metric": "resolution"})
    clock_id = listed.json()["items"][0]["clock_id"]
    trace = (await api.get(f"/v1/sla/clocks/{clock_id}")).json()["trace"]
    assert [(s["counted"], s["why"]) for s in trace["stretches"]] == [
        (True, "around_the_clock"),
        (False, "paused: pending"),
        (True, "around_the_clock"),
    ]
    assert (trace["counted_seconds"], trace["uncounted_seconds"]) == (1800, 1200)
    edges = [(s["start"], s["end"]) for s in trace["stretches"]]
    assert all(one[1] == two[0] for one, two in pairwise(edges))


async def test_a_calendar_is_explained_by_the_version_it_was_matched_with(service, api, desk):
    hours = {d: [{"start": "00:00", "end": "12:00"}, {"start": "12:00", "end": "24:00"}]
             for d in ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday",
                       "sunday")}  # fmt: skip
    calendar = {"name": "All", "time_zone": "UTC", "hours": hours}
    assert (await api.put("/v1/sla/calendars/all", json=calendar)).status_code == 200
    policy = {"name": "Mail", "position": 0,
              "conditions": {"all": [{"field": "channel", "op": "eq", "value": "email"}]},
              "targets": [{"metric": "first_response", "seconds": 600,
                           "calendar_id": "all"}]}  # fmt: skip
    assert (await api.post("/v1/sla/policies", json=policy)).status_code == 201
    source = Source(service)
    source.conversation(channel="email").opened(desk.now())
    await source.send()
    (clock,) = (await api.get("/v1/sla/clocks")).json()["items"]
    started, due = (datetime.fromisoformat(clock[k]) for k in ("started_at", "due_at"))
    assert due - started == timedelta(seconds=600)
    assert clock["explanation"]["calendar_version"] == 1


class Listener:
    """Reads a stream event by event."""

    def __init__(self, lines: AsyncIterator[str]) -> None:
        self._lines = lines

    async def event(self) -> tuple[str, str, dict]:
        """Return the next event's id, type and data."""
        found: dict[str, str] = {}
        async with asyncio.timeout(5):
            async for line in self._lines:
                name, _, value = line.partition(": ")
                if name in {"id", "event", "data"}:
                    found[name] = value
                elif not line and "data" in found:
                    return found["id"], found["event"], loads(found["data"])
        raise AssertionError("the stream ended")


@asynccontextmanager
async def listening(service, *, tenant: str = "demo", last: str | None = None):
    resume = {"Last-Event-ID": last} if last else {}
    async with (
        client(service, tenant=tenant) as made,
        serving(service) as base_url,
        httpx.AsyncClient(base_url=base_url, headers=dict(made.headers) | resume) as http,
        http.stream("GET", "/v1/sla/stream") as answer,
    ):
        assert answer.status_code == 200
        yield Listener(answer.aiter_lines())


async def breach(service, source, desk) -> str:
    """Let a new conversation breach its first response and return its id."""
    chat = source.conversation().opened(desk.now(-70))
    await source.send(watermark=desk.now())
    while await timer_of(service).tick() == 0.0:
        pass
    return str(chat.id)


async def test_a_breach_is_seen_live(service, source, desk):
    async with listening(service) as stream:
        conversation_id = await breach(service, source, desk)
        _, kind, data = await stream.event()
    assert kind == "sla.clock.breached"
    assert data["conversation_id"] == conversation_id
    assert data["breached_at"].endswith("Z")


async def test_what_was_missed_comes_again_and_only_that(service, source, desk):
    ids = [await breach(service, source, desk) for _ in range(3)]
    (first, *_) = await desk.rows("SELECT position FROM alert ORDER BY position")
    async with listening(service, last=str(first.position)) as stream:
        missed = [await stream.event() for _ in range(2)]
        assert [data["conversation_id"] for _, _, data in missed] == ids[1:]
        newest = await breach(service, source, desk)
        assert (await stream.event())[2]["conversation_id"] == newest


async def test_a_tenant_hears_only_its_own(service, source, desk):
    async with client(service, tenant="other") as other:
        assert (await other.post("/v1/sla/policies", json=POLICY)).status_code == 201
    theirs = Source(service, tenant="other", partition=1)
    async with listening(service, tenant="other", last="0") as stream:
        await breach(service, source, desk)
        conversation_id = await breach(service, theirs, desk)
        assert (await stream.event())[2]["conversation_id"] == conversation_id


async def test_an_event_id_of_somebody_else_is_refused(service, api):
    answer = await api.get("/v1/sla/stream", headers={"Last-Event-ID": "1; DROP TABLE alert"})
    assert answer.status_code == 400
