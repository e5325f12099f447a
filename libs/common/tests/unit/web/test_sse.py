"""Streams, over a real socket: resumed, bounded, revoked, ended."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from common.errors import NotFoundError
from common.runtime import HttpServer
from common.web import Caller, LastEventIdDep, requires
from common.web.auth import authentication, key_cache
from common.web.deps import AppStateDep
from common.web.responses import StreamEvent, sse
from devstack.servers.patience import patient
from devstack.testing.wait import until
from libs.common.tests.unit.web.plumbing import HTTP, World, world

router = APIRouter()
HISTORY = [StreamEvent(str(n), "note", {"n": n}) for n in range(1, 4)]


@router.get("/stream")
async def stream(
    request: Request,
    state: AppStateDep,
    caller: Annotated[Caller, requires("sla:read")],
    last_event_id: LastEventIdDep,
) -> Response:
    async def replay(last: str | None) -> Sequence[StreamEvent]:
        if last == "gone":
            raise NotFoundError("there is no such stream")
        return [event for event in HISTORY if last is not None and event.id > last]

    return await state.streams.respond(
        request, keys=[(caller.tenant_id, "x")], replay=replay, last_event_id=last_event_id
    )


@asynccontextmanager
async def served(there: World) -> AsyncIterator[tuple[str, asyncio.Event]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server, stop = (
        HttpServer(
            there.app,
            HTTP.model_copy(update={"port": port}),
            on_stop=there.app.state.threadline.streams.close,
        ),
        asyncio.Event(),
    )
    running = asyncio.create_task(server.run(stop))
    await until(lambda: server.started)
    try:
        yield f"http://127.0.0.1:{port}", stop
    finally:
        stop.set()
        async with asyncio.timeout(patient(5)):
            await running


class Reader:
    """One client of the stream: what it got so far, and whether it ended."""

    def __init__(self, url: str, key: str, **headers: str) -> None:
        self.lines: list[str] = []
        self.status: int | None = None
        self._task = asyncio.create_task(self._read(url, key, headers))

    async def _read(self, url: str, key: str, headers: dict[str, str]) -> None:
        sent = {"Authorization": f"Bearer {key}"} | headers
        async with (
            httpx.AsyncClient(trust_env=False, timeout=20) as client,
            client.stream("GET", f"{url}/stream", headers=sent) as answer,
        ):
            self.status = answer.status_code
            async for line in answer.aiter_lines():
                self.lines.append(line)

    @property
    def ended(self) -> bool:
        return self._task.done()

    def has(self, line: str) -> bool:
        return line in self.lines

    async def leave(self) -> None:
        self._task.cancel()
        await asyncio.wait({self._task})


@pytest.fixture
def there() -> World:
    return world(router)


def open_streams(there: World) -> int:
    return there.state.streams._open.total()


async def test_a_stream_resumes_and_goes_on_without_repeating(there: World):
    key = there.keys.add(there.clock)
    async with served(there) as (url, stop):
        reader = Reader(url, key, **{"Last-Event-ID": "1"})
        await until(lambda: reader.has("id: 3"))
        for event in (HISTORY[2], StreamEvent("4", "note", {"n": 4})):
            there.state.streams.publish(("demo", "x"), event)
            there.state.streams.publish(("other", "x"), StreamEvent("99", "note", {}))
        await until(lambda: reader.has("id: 4"))
        ids = [line for line in reader.lines if line.startswith("id:")]
        assert ids == ["id: 2", "id: 3", "id: 4"]
        assert 'data: {"n":4}' in reader.lines
        stop.set()
        await until(lambda: reader.ended, within=3)
        assert reader.has("event: reconnect")
    assert open_streams(there) == 0
    assert there.state.streams._readers == {}


async def test_a_reader_that_leaves_gives_its_place_back(there: World):
    key = there.keys.add(there.clock)
    async with served(there) as (url, _):
        reader = Reader(url, key)
        await until(lambda: open_streams(there) == 1)
        await until(lambda: reader.status == 200)
        await reader.leave()
        await until(lambda: open_streams(there) == 0)


async def test_too_many_streams_of_one_credential_are_429(
    there: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sse, "MAX_STREAMS_PER_CREDENTIAL", 2)
    key, other = there.keys.add(there.clock), there.keys.add(there.clock)
    async with served(there) as (url, _):
        readers = [Reader(url, key), Reader(url, key)]
        await until(lambda: open_streams(there) == 2)
        third, guest = Reader(url, key), Reader(url, other)
        await until(lambda: third.ended)
        assert third.status == 429
        await until(lambda: guest.status == 200)
        for reader in (*readers, guest):
            await reader.leave()


async def test_a_tenant_cannot_take_all_streams(there: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sse, "MAX_STREAMS_PER_TENANT", 2)
    keys = [there.keys.add(there.clock) for _ in range(3)]
    stranger = there.keys.add(there.clock, tenant_id="other")
    async with served(there) as (url, _):
        readers = [Reader(url, key) for key in keys[:2]]
        await until(lambda: open_streams(there) == 2)
        third, guest = Reader(url, keys[2]), Reader(url, stranger)
        await until(lambda: third.ended)
        assert third.status == 429
        await until(lambda: guest.status == 200)
        for reader in (*readers, guest):
            await reader.leave()


async def test_streams_do_not_count_as_requests_in_hand():
    small = world(router, http=HTTP.model_copy(update={"max_in_flight": 1}))
    key = small.keys.add(small.clock)
    async with served(small) as (url, _):
        readers = []
        for _ in range(3):
            readers.append(Reader(url, key))
            await until(lambda: readers[-1].status == 200)
        for reader in readers:
            await reader.leave()


async def test_errors_before_the_stream_are_problems(there: World):
    key = there.keys.add(there.clock)
    async with served(there) as (url, _):
        headers = {"Authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(trust_env=False) as client:
            gone = await client.get(f"{url}/stream", headers=headers | {"Last-Event-ID": "gone"})
            long = await client.get(f"{url}/stream", headers=headers | {"Last-Event-ID": "9" * 999})
        assert (gone.status_code, long.status_code) == (404, 400)
    assert open_streams(there) == 0


async def test_a_stream_ends_soon_after_its_key_is_revoked(
    there: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sse, "CHECK_SECONDS", 0.05)
    monkeypatch.setattr(key_cache, "POSITIVE_SECONDS", 0.05)
    key = there.keys.add(there.clock)
    async with served(there) as (url, _):
        reader = Reader(url, key)
        await until(lambda: reader.status == 200)
        await asyncio.sleep(0.2)
        assert not reader.ended
        there.keys.rows.clear()
        await until(lambda: reader.ended)
        assert reader.has("event: reconnect")


async def test_a_slow_reader_is_told_to_start_anew(there: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sse, "QUEUE_LENGTH", 5)
    key = there.keys.add(there.clock)
    async with served(there) as (url, _):
        reader = Reader(url, key)
        await until(lambda: reader.status == 200)
        for number in range(10, 30):
            there.state.streams.publish(("demo", "x"), StreamEvent(str(number), "note", {}))
        await until(lambda: reader.has("event: reset"))
        there.state.streams.publish(("demo", "x"), StreamEvent("50", "note", {}))
        await until(lambda: reader.has("id: 50"))
        assert not reader.has("id: 29")
        await reader.leave()


async def test_the_numbers_that_are_promised():
    assert key_cache.POSITIVE_SECONDS <= 5
    assert key_cache.NEGATIVE_SECONDS <= 1
    assert sse.CHECK_SECONDS <= 5
    assert authentication.TOKEN_SECONDS <= 60
