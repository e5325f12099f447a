"""Calls an ASGI application with raw bytes, without a client that would tidy up an attack."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from starlette.types import ASGIApp, Message

from common.jsons import dumps, loads

STREAM_SETTLES_SECONDS = 0.05
STREAM_PATIENCE_SECONDS = 3.0
Headers = Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def json(self) -> Any:
        return loads(self.body)

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)

    def text(self) -> str:
        """Return everything that the caller sees: headers and body."""
        lines = [f"{key}: {value}" for key, value in self.headers]
        return "\n".join([*lines, self.body.decode("utf-8", "replace")])

    def is_problem(self) -> bool:
        return self.header("content-type") == "application/problem+json"


async def call(
    app: ASGIApp,
    method: str,
    target: str,
    *,
    body: Any = None,
    headers: Headers | None = None,
    wait_for: bytes = b"",
) -> Answer:
    """Send one request. ``body`` is bytes, or an object to encode as JSON.

    The client disconnects from a stream shortly after ``wait_for`` has arrived, or a few seconds
    after the response started.
    """
    content = body if isinstance(body, bytes) else b"" if body is None else dumps(body)
    path, _, query = target.partition("?")
    exchange = _Exchange(content, wait_for)
    sent = {"host": "testserver", "content-type": "application/json"} | dict(headers or {})
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "method": method,
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [
            (name.lower().encode(), value.encode("latin-1")) for name, value in sent.items()
        ],
        "client": ("127.0.0.1", 50_000),
        "server": ("testserver", 80),
        "state": {},
    }
    await app(scope, exchange.receive, exchange.send)
    return exchange.answer()


class _Exchange:
    """The ``receive`` and ``send`` of one request."""

    def __init__(self, content: bytes, wait_for: bytes) -> None:
        self._waiting: list[Message] = [{"type": "http.request", "body": content}]
        self._wait_for = wait_for
        self._left = asyncio.Event()
        self._status = 0
        self._headers: Iterable[tuple[bytes, bytes]] = ()
        self._body = b""

    async def receive(self) -> Message:
        if self._waiting:
            return self._waiting.pop()
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status, self._headers = message["status"], message["headers"]
            self._leave_in(STREAM_PATIENCE_SECONDS)
        else:
            self._body += message.get("body", b"")
            if self._wait_for in self._body:
                self._leave_in(STREAM_SETTLES_SECONDS)

    def _leave_in(self, seconds: float) -> None:
        asyncio.get_running_loop().call_later(seconds, self._left.set)

    def answer(self) -> Answer:
        headers = tuple((k.decode("latin-1"), v.decode("latin-1")) for k, v in self._headers)
        return Answer(self._status, headers, self._body)
