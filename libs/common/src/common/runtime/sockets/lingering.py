"""Closes a connection only after the client has stopped sending, within bounds.

A client that sends a long body reads the answer once all is sent. If the server closes before, the
system resets the connection, and the client sees the reset in place of the answer.
"""

from asyncio import AbstractEventLoop, TimerHandle, Transport
from typing import Any

LINGER_BYTES = 33_554_432
LINGER_SECONDS = 10.0
MAX_LINGERING = 64
"""How many connections of a process may linger at once; others are closed immediately."""


class LingeringTransport:
    """A transport that reads and drops the rest of a request that was answered early."""

    lingering = 0
    """How many connections linger in this process."""

    def __init__(self, transport: Transport, loop: AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._timer: TimerHandle | None = None
        self._bytes_left = 0
        self.unfinished = False
        """Whether the client is still sending the body of its request."""
        self.closing = False
        """Whether the connection will be closed once the client stops sending."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        self._transport.write(data)

    def is_closing(self) -> bool:
        return self.closing or self._transport.is_closing()

    def close(self) -> None:
        """Close now, or after the rest of a request under way; a second call closes now."""
        if not self.unfinished or self.closing or self._transport.is_closing():
            self.end()
            return
        self.closing = True
        self.begin()
        if not self._transport.is_closing():
            self._transport.resume_reading()
            self._transport.write_eof()

    def begin(self) -> None:
        """Start to drop what arrives."""
        if LingeringTransport.lingering >= MAX_LINGERING:
            self.end()
        elif self._timer is None:
            LingeringTransport.lingering += 1
            self._bytes_left = LINGER_BYTES
            self._timer = self._loop.call_later(LINGER_SECONDS, self.end)

    def drop(self, size: int) -> None:
        """Count bytes that were dropped; close the connection if they are too many."""
        if self._timer is not None:
            self._bytes_left -= size
            if self._bytes_left < 0:
                self.end()

    def finish(self) -> None:
        """Return to normal: the request is complete, or the connection lost."""
        if self._timer is not None:
            LingeringTransport.lingering -= 1
            self._timer.cancel()
            self._timer = None

    def end(self) -> None:
        """Close the connection now."""
        self.finish()
        self._transport.close()
