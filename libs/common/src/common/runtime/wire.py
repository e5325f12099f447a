"""HTTP on a socket, with limits on what arrives before a request is complete.

The server's own protocol reads a head of any length, waits for it as long as the client likes, and
queues as many requests as one connection sends ahead.
"""

from asyncio import BaseTransport, TimerHandle, Transport
from typing import Any, cast

from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 65_536
HEAD_SECONDS = 10.0
"""How long a connection may take for its first head, and for the rest of a head it has begun."""
MAX_PIPELINED = 16


class BoundedProtocol(HttpToolsProtocol):
    """Closes a connection that exceeds a limit."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._heads = 0
        self._in_head = False
        self._head_bytes = 0
        self._head_timer: TimerHandle | None = None

    @override
    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(cast("Transport", transport))
        self._head_timer = self.loop.call_later(HEAD_SECONDS, transport.close)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    @override
    def data_received(self, data: bytes) -> None:
        begun = self._heads if self._in_head else None
        super().data_received(data)
        if self._in_head and begun == self._heads:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self.transport.close()

    @override
    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._heads += 1
        self._in_head, self._head_bytes = True, 0
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    @override
    def on_headers_complete(self) -> None:
        self._in_head = False
        self._stop_timer()
        if len(self.pipeline) >= MAX_PIPELINED:
            # The parser stops, and the connection ends with a 400.
            raise ValueError("too many requests sent ahead")
        super().on_headers_complete()

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
