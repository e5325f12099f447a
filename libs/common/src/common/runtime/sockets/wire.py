"""HTTP on a socket, with limits on what arrives before a request is complete.

The server's own protocol reads a head of any length, waits for it as long as the client likes, and
queues as many requests as one connection sends ahead. It resets a connection that sends a body
after the answer, forgets a silent one, and counts it like a busy one.
"""

from asyncio import BaseTransport, TimerHandle, Transport
from collections.abc import Sequence
from functools import partial
from typing import Any, cast

from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from common.runtime.sockets.connections import Connections
from common.runtime.sockets.lingering import LingeringTransport
from common.runtime.sockets.peers import is_trusted, prefix_of

MAX_HEAD_BYTES = 65_536
HEAD_SECONDS = 10.0
"""How long a connection may take for its first head, and for the rest of a head it has begun."""
MAX_PIPELINED = 16
_NO_ROOM = (
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\n"
    b"connection: close\r\n\r\n"
)


class BoundedProtocol(HttpToolsProtocol):
    """Closes a connection that exceeds a limit, or for which there is no room."""

    def __init__(
        self,
        connections: Connections,
        trusted_proxies: Sequence[str],
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._register = connections
        self._trusted_proxies = trusted_proxies
        self._heads = 0
        self._in_head = False
        self._head_bytes = 0
        self._head_timer: TimerHandle | None = None
        self._wire: LingeringTransport

    @override
    def connection_made(self, transport: BaseTransport) -> None:
        self._wire = LingeringTransport(cast("Transport", transport), self.loop)
        super().connection_made(cast("Transport", self._wire))
        address = self.client[0] if self.client else ""
        is_proxy = is_trusted(address, self._trusted_proxies)
        if not self._register.open(self, prefix_of(address), is_proxy=is_proxy):
            self._wire.write(_NO_ROOM)
            self._wire.end()
            return
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self._wire.end)

    def close(self) -> None:
        """Close the connection, which has no request under way."""
        self._wire.end()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        self._wire.finish()
        self._register.closed(self)
        super().connection_lost(exc)

    @override
    def data_received(self, data: bytes) -> None:
        self._wire.drop(len(data))
        if self._wire.closing:
            return
        begun = self._heads if self._in_head else None
        super().data_received(data)
        if self._in_head and begun == self._heads:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._wire.end()
        self._limit_silence()

    @override
    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._heads += 1
        self._in_head, self._head_bytes = True, 0
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self._wire.end)

    @override
    def on_headers_complete(self) -> None:
        self._in_head = False
        self._wire.unfinished = True
        self._stop_timer()
        if len(self.pipeline) >= MAX_PIPELINED:
            # The parser stops, and the connection ends with a 400.
            raise ValueError("too many requests sent ahead")
        self._register.work(self)
        super().on_headers_complete()

    @override
    def on_message_complete(self) -> None:
        self._wire.unfinished = False
        self._wire.finish()
        super().on_message_complete()
        self._rest()

    @override
    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._rest()
        if self._wire.unfinished and self.cycle.response_complete and not self._wire.is_closing():
            self._wire.begin()

    @property
    def _is_between_requests(self) -> bool:
        """Whether a request was answered, and nothing of another has come."""
        is_receiving = self._in_head or self._wire.unfinished
        return self._heads > 0 and not is_receiving and self.cycle.response_complete

    def _rest(self) -> None:
        """Make room for others if nothing of a request is under way."""
        if self._is_between_requests:
            self._register.rest(self)

    def _limit_silence(self) -> None:
        """Close a connection that stays silent after data that began no request."""
        is_limited = self.timeout_keep_alive_task is not None
        if self._is_between_requests and not is_limited and not self._wire.is_closing():
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


def bounded_protocol(trusted_proxies: Sequence[str]) -> type[BoundedProtocol]:
    """Return what makes the protocol of each connection of one server."""
    made = partial(BoundedProtocol, Connections(), trusted_proxies)
    return cast("type[BoundedProtocol]", made)
