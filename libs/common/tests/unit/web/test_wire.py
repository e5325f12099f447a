"""Bytes on a socket that no client library would send."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import pytest
from fastapi import APIRouter
from starlette.responses import Response

from common.runtime import HttpServer
from common.runtime.sockets import wire
from common.runtime.sockets.connections import Connections
from common.web import public
from common.web.requests import RawBody, signed_body
from common.web.responses import json_answer
from devstack.servers.patience import patient
from devstack.testing.wait import until
from libs.common.tests.unit.web.plumbing import HTTP, world

router = APIRouter()


@router.post("/hook", dependencies=[public("signed")])
async def hook(raw: Annotated[RawBody, signed_body(lambda _: 1_000)]) -> Response:
    return json_answer({"bytes": len(raw.content)})


@router.get("/hello", dependencies=[public("a test")])
async def hello() -> Response:
    return json_answer({})


@asynccontextmanager
async def serving() -> AsyncIterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found: int = probe.getsockname()[1]
    server = HttpServer(world(router).app, HTTP.model_copy(update={"port": found}))
    stop = asyncio.Event()
    running = asyncio.create_task(server.run(stop))
    await until(lambda: server.started)
    yield found
    stop.set()
    async with asyncio.timeout(patient(5)):
        await running


async def exchange(port: int, sent: bytes) -> bytes:
    """Send bytes and return what comes back until the server closes or falls silent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    got = b""
    try:
        writer.write(sent)
        async with asyncio.timeout(0.7):
            await writer.drain()
            while chunk := await reader.read(65_536):
                got += chunk
    except (TimeoutError, ConnectionError):
        pass
    finally:
        writer.close()
    return got


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async with serving() as found:
        yield found


GET = b"GET /hello HTTP/1.1\r\nHost: x\r\n"
POST = b"POST /hook HTTP/1.1\r\nHost: x\r\n"
HOSTILE = {
    "header of 40 KB": (GET + b"X-Big: " + b"x" * 40_000 + b"\r\n\r\n", {431}),
    "header of 2 MB": (GET + b"X-Big: " + b"x" * 2_000_000 + b"\r\n\r\n", {0, 400, 431}),
    "500 headers": (GET + b"".join(b"X-%d: 1\r\n" % n for n in range(500)) + b"\r\n", {431}),
    "URL of 10 KB": (b"GET /hello?" + b"x" * 10_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", {414}),
    "URL of 200 KB": (b"GET /" + b"x" * 200_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", {0, 400, 414}),
    "no Host": (b"GET /hello HTTP/1.1\r\n\r\n", {400}),
    "NUL in a header": (GET + b"X-A: a\x00b\r\n\r\n", {200, 400}),
    "bare CR in a header": (GET + b"X-A: a\rb\r\n\r\n", {200, 400}),
    "length and chunks": (
        POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {400},
    ),
    "two lengths": (POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc", {400}),
    "negative length": (POST + b"Content-Length: -1\r\n\r\n", {400}),
    "unknown coding": (POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", {400}),
    "length of 60 MB": (POST + b"Content-Length: 60000000\r\n\r\n", {413}),
    "chunks without end": (
        POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"400\r\n" + b"x" * 1024 + b"\r\n", {413},
    ),
    "noise": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", {0, 400}),
    "HTTP/2 preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {0, 400, 404, 405}),
}  # fmt: skip


@pytest.mark.parametrize(("sent", "expected"), HOSTILE.values(), ids=HOSTILE.keys())
async def test_hostile_bytes_never_give_5xx(port: int, sent: bytes, expected: set[int]):
    assert status(await exchange(port, sent)) in expected
    assert status(await exchange(port, GET + b"Connection: close\r\n\r\n")) == 200


async def test_what_follows_a_refused_body_is_not_read_as_a_request(port: int):
    smuggled = b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"
    body = smuggled * 40
    sent = POST + b"Content-Length: %d\r\n\r\n" % len(body) + body
    answer = await exchange(port, sent)
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"413" in answer.split(b"\r\n")[0]
    assert b"connection: close" in answer.lower()


async def chunks_taken(port: int, first: bytes, chunk: bytes) -> int:
    """Send up to 400 chunks until the server closes; return how many it took."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    taken = 0
    try:
        writer.write(first)
        while taken < 400 and not reader.at_eof():
            writer.write(chunk)
            await writer.drain()
            await asyncio.sleep(0.001)
            taken += 1
    except ConnectionError:
        pass
    finally:
        writer.close()
    return taken


@pytest.mark.parametrize("chunk", [b"X: 1\r\n" * 1_000, b"x" * 10_000])
async def test_a_head_without_an_end_is_cut_off(port: int, chunk: bytes):
    first = GET + (b"" if chunk.startswith(b"X:") else b"X-Big: ")
    assert await chunks_taken(port, first, chunk) < 400
    assert status(await exchange(port, GET + b"Connection: close\r\n\r\n")) == 200


@pytest.mark.parametrize("first", [b"", b"GET /hello HT", GET])
async def test_a_connection_that_says_too_little_is_closed(
    port: int, first: bytes, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(wire, "HEAD_SECONDS", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(first)
    async with asyncio.timeout(patient(5)):
        assert await reader.read() == b""
    writer.close()


async def test_a_head_in_time_keeps_the_connection(port: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(wire, "HEAD_SECONDS", 0.3)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(2):
        writer.write(GET + b"\r\n")
        async with asyncio.timeout(patient(5)):
            assert b" 200 " in (await reader.readuntil(b"\r\n\r\n{}"))
        await asyncio.sleep(0.4)
    writer.close()


async def test_only_a_few_requests_may_be_sent_ahead(port: int):
    answer = await exchange(port, (GET + b"\r\n") * 5_000)
    assert answer.count(b"HTTP/1.1 200") <= wire.MAX_PIPELINED + 1
    few = await exchange(port, (GET + b"\r\n") * 8)
    assert few.count(b"HTTP/1.1 200") == 8


async def test_no_answer_names_the_server(port: int):
    assert b"\nserver:" not in (await exchange(port, GET + b"Connection: close\r\n\r\n")).lower()


async def test_silent_connections_keep_nobody_out(port: int):
    silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(1_024)]
    try:
        for _ in range(20):
            async with asyncio.timeout(patient(5)):
                assert status(await exchange(port, GET + b"Connection: close\r\n\r\n")) == 200
    finally:
        for _, writer in silent:
            writer.close()


async def test_when_every_connection_has_a_request_another_is_503(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(wire, "Connections", lambda: Connections(3, most_of_one=3))
    async with serving() as port:
        busy = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        for _, writer in busy:
            writer.write(POST + b"Content-Length: 3\r\n\r\na")
            await writer.drain()
        await asyncio.sleep(0.1)
        assert status(await exchange(port, GET + b"\r\n")) == 503
        busy[0][1].write(b"bc")
        async with asyncio.timeout(patient(5)):
            await busy[0][0].readuntil(b"}")
        assert status(await exchange(port, GET + b"\r\n")) == 200
        for _, writer in busy:
            writer.close()
