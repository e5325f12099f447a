"""Clients that are still sending their body see the answer that refuses it, not a reset."""

import asyncio
import http.client
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter
from starlette.responses import Response

from common.runtime import HttpServer
from common.runtime.sockets import lingering, server
from common.runtime.sockets.lingering import LingeringTransport
from common.web import public
from common.web.requests import RawBody, signed_body
from common.web.responses import json_answer
from devstack.testing.wait import until
from libs.common.tests.unit.web.plumbing import HTTP, world

BIG = 20_000_000
NODE = """
const http = require('http');
const request = http.request({port: process.argv[1], path: '/hook', method: 'POST'},
  answer => { console.log(answer.statusCode); answer.resume(); });
request.on('error', error => console.log(error.code));
request.end(Buffer.alloc(Number(process.argv[2])));
"""

router = APIRouter()


@router.post("/hook", dependencies=[public("signed")])
async def hook(raw: Annotated[RawBody, signed_body(lambda _: 1_000)]) -> Response:
    return json_answer({"bytes": len(raw.content)})


@router.post("/unread", dependencies=[public("a test")])
async def unread() -> Response:
    return json_answer({})


@asynccontextmanager
async def serving() -> AsyncIterator[int]:
    """Serve the routes; yield the port. In the end no connection lingers."""
    http_server = HttpServer(world(router).app, HTTP.model_copy(update={"port": 0}))
    stop = asyncio.Event()
    running = asyncio.create_task(http_server.run(stop))
    await until(lambda: http_server.started)
    yield http_server.port
    await until(lambda: LingeringTransport.lingering == 0, 30)
    stop.set()
    await running


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async with serving() as port:
        yield port


def by_http_client(port: int, _folder: Path) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", "/hook", body=b"x" * BIG)
    response = connection.getresponse()
    assert b"larger than" in response.read()
    connection.close()
    return str(response.status)


def by_httpx(port: int, _folder: Path) -> str:
    with httpx.Client(trust_env=False, timeout=60) as client:
        response = client.post(f"http://127.0.0.1:{port}/hook", content=b"x" * BIG)
    return str(response.status_code)


def by_chunks(port: int, _folder: Path) -> str:
    with httpx.Client(trust_env=False, timeout=60) as client:
        pieces = (b"x" * 100_000 for _ in range(BIG // 100_000))
        response = client.post(f"http://127.0.0.1:{port}/hook", content=pieces)
    return str(response.status_code)


def by_curl(port: int, folder: Path) -> str:
    body = folder / "body"
    body.write_bytes(b"x" * BIG)
    command = ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-H", "Expect:"]
    command += ["--data-binary", f"@{body}", f"http://127.0.0.1:{port}/hook"]
    completed = subprocess.run(command, capture_output=True, text=True, check=False)
    return completed.stdout + completed.stderr


def by_node(port: int, _folder: Path) -> str:
    command = ["node", "-e", NODE, str(port), str(BIG)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


needs_node = pytest.mark.skipif(
    shutil.which("node") is None,
    reason="Node is not installed: it is optional, and only this client and make check-api need it",
)
CLIENTS = [
    by_http_client,
    by_httpx,
    by_chunks,
    by_curl,
    pytest.param(by_node, marks=needs_node),
]


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.__name__)
async def test_a_client_that_sends_all_before_it_reads_sees_413(port: int, client, tmp_path: Path):
    assert await asyncio.to_thread(client, port, tmp_path) == "413"


async def answer_to_half(port: int, path: str = "/hook", length: int = 2_000) -> tuple:
    """Send a head and a part of its body; return the connection once it is answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode())
    writer.write(b"xx")
    async with asyncio.timeout(30):
        head = await reader.readuntil(b"\r\n\r\n")
    return head, reader, writer


async def send(writer: asyncio.StreamWriter, size: int) -> None:
    for _ in range(size // 100_000):
        writer.write(b"x" * 100_000)
        await writer.drain()


async def closed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Wait until the server has closed both directions."""
    try:
        async with asyncio.timeout(30):
            while await reader.read(65_536):
                pass
            while not writer.is_closing():
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.01)
    except ConnectionError:
        pass
    finally:
        writer.close()


@pytest.mark.parametrize("path", ["/hook", "/unread"])
async def test_a_client_that_never_sends_the_rest_is_closed(
    port: int, path: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(lingering, "LINGER_SECONDS", 0.1)
    _head, reader, writer = await answer_to_half(port, path)
    await closed(reader, writer)


@pytest.mark.parametrize("path", ["/hook", "/unread"])
async def test_a_client_that_sends_too_much_is_closed(
    port: int, path: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(lingering, "LINGER_BYTES", 500_000)
    monkeypatch.setattr(lingering, "LINGER_SECONDS", 600.0)
    _head, reader, writer = await answer_to_half(port, path, length=10**9)
    with pytest.raises(ConnectionError):
        await send(writer, 10**8)
    await closed(reader, writer)


async def test_only_some_connections_linger_at_once(port: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lingering, "MAX_LINGERING", 2)
    monkeypatch.setattr(lingering, "LINGER_SECONDS", 600.0)
    held = [await answer_to_half(port) for _ in range(2)]
    assert LingeringTransport.lingering == 2
    _head, reader, writer = await answer_to_half(port)
    await closed(reader, writer)
    for _head, _reader, slow in held:
        slow.close()


async def test_a_request_answered_early_keeps_its_connection_if_the_rest_comes(port: int):
    _head, reader, writer = await answer_to_half(port, "/unread")
    await reader.readexactly(2)
    writer.write(b"x" * 1_998)
    await until(lambda: LingeringTransport.lingering == 0)
    writer.write(b"POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
    assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
    writer.close()


async def test_a_connection_silent_after_an_early_answer_is_closed(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(server, "KEEP_ALIVE_SECONDS", 1)
    async with serving() as port:
        _head, reader, writer = await answer_to_half(port, "/unread")
        await reader.readexactly(2)
        writer.write(b"x" * 1_998 + b"\r\n")
        async with asyncio.timeout(30):
            assert await reader.read() == b""
        writer.close()
