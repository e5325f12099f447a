"""A load generator in its own process, cheap enough to measure the server and not itself."""

import asyncio
import itertools
import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Self, cast

import httptools
import uvloop
from typing_extensions import override

from benchmarks.machine.meters import Cpu, Meter
from benchmarks.machine.patience import Patience

_SUCCESSES = frozenset({HTTPStatus.OK, HTTPStatus.CREATED})
Answer = tuple[int, bytes]
"""Status and body."""


@dataclass(frozen=True)
class Load:
    """Connections that each send the next request as soon as the previous one is answered.

    ``request`` returns the bytes of the n-th request; it is pickled, so it must be a plain function
    or a ``partial`` of one. A 503 counts as refused; any other failure is an error.
    """

    port: int
    request: Callable[[int], bytes]
    connections: int
    seconds: float
    warm_up_seconds: float
    meter: Meter


@dataclass(frozen=True)
class Latencies:
    """Percentiles in milliseconds."""

    p50: float
    p95: float
    p99: float

    @classmethod
    def of(cls, milliseconds: Sequence[float]) -> Self:
        ordered = sorted(milliseconds)
        at = [ordered[int(len(ordered) * share)] for share in (0.5, 0.95, 0.99)]
        return cls(*at)


@dataclass(frozen=True)
class Sample:
    """The answers to a load in the measured time, and the processor time of the server."""

    count: int
    seconds: float
    latencies: Latencies
    cpu: Cpu
    refused: int = 0

    @property
    def per_second(self) -> float:
        return self.count / self.seconds


class Connection(asyncio.Protocol):
    """One persistent HTTP/1.1 connection that sends one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.WriteTransport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._waiting: asyncio.Future[Answer] | None = None
        self._body: list[bytes] = []

    @classmethod
    async def open(cls, port: int) -> Self:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(cls, "127.0.0.1", port)
        return connection

    async def ask(self, request: bytes) -> Answer:
        """Send a request and return its answer. Raises ConnectionError when the server hangs up."""
        if self._transport is None or self._transport.is_closing():
            raise ConnectionError("the server closed the connection")
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._waiting

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)

    @override
    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(exc or ConnectionError("the server closed the connection"))

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        body, self._body = b"".join(self._body), []
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result((self._parser.get_status_code(), body))


def request(method: str, path: str, *, key: str, body: bytes = b"", more: str = "") -> bytes:
    """Return the bytes of a request with an API key; ``more`` holds further header lines."""
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {key}\r\n{more}"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


@contextmanager
def generator() -> Iterator[Callable[[Load], Sample]]:
    """Yield a function that drives a load from another process and returns the sample."""
    # Spawned, so that it inherits neither our event loops nor our connections.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        yield lambda load: pool.submit(_drive, load).result()


def _drive(load: Load) -> Sample:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_Run(load).drive())


class _Run:
    def __init__(self, load: Load) -> None:
        self._load = load
        self._numbers = itertools.count()
        self._milliseconds: list[float] = []
        self._refused = 0
        self._patience = Patience("requests answered")

    async def drive(self) -> Sample:
        load = self._load
        connections = [await Connection.open(load.port) for _ in range(load.connections)]
        await self._ask_for(load.warm_up_seconds, connections)
        self._milliseconds.clear()
        self._refused = 0
        began, before = time.perf_counter(), load.meter.read()
        await self._ask_for(load.seconds, connections)
        took, cpu = time.perf_counter() - began, load.meter.read() - before
        for connection in connections:
            connection.close()
        latencies = Latencies.of(self._milliseconds)
        return Sample(len(self._milliseconds), took, latencies, cpu, self._refused)

    async def _ask_for(self, seconds: float, connections: Sequence[Connection]) -> None:
        """Send requests for ``seconds``, then return when the last one is answered."""
        until = time.perf_counter() + seconds
        async with asyncio.TaskGroup() as tasks:
            for connection in connections:
                tasks.create_task(self._keep_asking(connection, until))

    async def _keep_asking(self, connection: Connection, until: float) -> None:
        # At least one success is measured, however long a busy machine takes for it.
        while (began := time.perf_counter()) < until or not self._milliseconds:
            self._patience.see(len(self._milliseconds))
            content = self._load.request(next(self._numbers))
            status, body = await connection.ask(content)
            if status == HTTPStatus.SERVICE_UNAVAILABLE:
                self._refused += 1
            elif status in _SUCCESSES:
                self._milliseconds.append((time.perf_counter() - began) * 1000)
            else:
                raise RuntimeError(f"the server answered {status}: {body[:500]!r}")
