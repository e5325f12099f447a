"""The time until the context shows a new interaction, under moderate load."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus

from benchmarks.machine.patience import Patience
from benchmarks.output.marks import within
from benchmarks.output.table import Row
from benchmarks.site import Bench, Site
from benchmarks.workload import messages, people
from benchmarks.workload.load import Answer, Connection, Latencies, request
from benchmarks.workload.people import People
from common.messaging import Outgoing, Producer
from common.settings import KafkaSettings
from interactions.history.consumers.inbound import TOPIC

P99_MS = 250
ARRIVALS_PER_SECOND = 15
LOOK_SECONDS = 0.01
CONNECTIONS = 16
WARM_UP = 5
PARTS = ("identifiers", "interactions")
STRANGERS_FROM = 60_000_000
PROCESSES = ("identity api", "identity worker", "interactions api", "interactions worker")

Arrive = Callable[["Watcher", int], Awaitable[None]]
"""Sends the n-th interaction and returns when the context shows it."""


def measure(bench: Bench) -> Iterator[Row]:
    """Yield a row for each way in which interactions arrive."""
    with bench.site("visibility", kafka=True) as site:
        customers = People(first=1, count=bench.size.customers, history=3)
        people.write_people(site.dsn("interactions"), [customers])
        site.start(*PROCESSES)
        ways: dict[str, Arrive] = {
            "REST, known customer": _over_rest,
            "REST, first contact": _first_contact,
            "Kafka, known customer": _over_kafka,
        }
        for name, arrive in ways.items():
            yield _row(name, asyncio.run(_watch(bench, site, arrive)))


def _row(name: str, latencies: Latencies) -> Row:
    return Row(
        f"visible in the context, {name}",
        latencies=latencies,
        marks=[within(P99_MS, latencies.p99, "p99 ms")],
    )


@dataclass(frozen=True)
class Watcher:
    """Sends interactions, and polls contexts over a few connections."""

    free: asyncio.Queue[Connection]
    producer: Producer
    key: str
    customers: int
    patience: Patience = field(default_factory=lambda: Patience("interactions shown"))
    shown: list[str] = field(default_factory=list)
    """The texts that contexts have shown so far."""

    async def ask(self, method: str, path: str, body: bytes = b"") -> Answer:
        connection = await self.free.get()
        try:
            return await connection.ask(request(method, path, key=self.key, body=body))
        finally:
            self.free.put_nowait(connection)

    async def record(self, body: bytes) -> dict[str, str]:
        """Report an interaction and return the answer. Raises RuntimeError if it is refused."""
        status, answer = await self.ask("POST", "/v1/interactions", body)
        if status not in {HTTPStatus.CREATED, HTTPStatus.ACCEPTED}:
            raise RuntimeError(f"the server answered {status}: {answer!r}")
        recorded: dict[str, str] = json.loads(answer)
        return recorded

    async def wait_for(self, sender: str, part: str, text: str) -> None:
        """Wait until a part of the context of the sender's customer shows a text."""
        lookup = {"identifier": {"type": "phone", "value": sender}, "include": PARTS}
        while True:
            self.patience.see(len(self.shown))
            status, body = await self.ask("POST", "/v1/context/lookup", json.dumps(lookup).encode())
            if status == HTTPStatus.OK and text in str(json.loads(body)[part]):
                self.shown.append(text)
                return
            await asyncio.sleep(LOOK_SECONDS)


async def _over_rest(watcher: Watcher, n: int) -> None:
    sender = messages.sender(watcher.customers, n)
    recorded = await watcher.record(messages.body("rest", n, sender))
    await watcher.wait_for(sender, "interactions", recorded["interaction_id"])


async def _first_contact(watcher: Watcher, n: int) -> None:
    """Send it; the context shows the number once identity's event has arrived through Kafka."""
    sender = people.phone(STRANGERS_FROM + n)
    recorded = await watcher.record(messages.body("first", n, sender))
    await watcher.wait_for(sender, "interactions", recorded["interaction_id"])
    await watcher.wait_for(sender, "identifiers", sender)


async def _over_kafka(watcher: Watcher, n: int) -> None:
    sender = messages.sender(watcher.customers, n)
    body = messages.body("kafka", n, sender)
    await watcher.producer.send_all([Outgoing(TOPIC, n % 6, None, body, ())])
    await watcher.wait_for(sender, "interactions", f"“kafka-{n}”")


async def _watch(bench: Bench, site: Site, arrive: Arrive) -> Latencies:
    """Send interactions at a steady pace, whether or not the earlier ones are shown."""
    async with _watcher(bench, site) as watcher:
        for n in range(WARM_UP):
            await arrive(watcher, bench.size.arrivals + n)
        began = time.perf_counter()
        async with asyncio.TaskGroup() as tasks:
            waits = [
                tasks.create_task(_timed(arrive, watcher, n, began + n / ARRIVALS_PER_SECOND))
                for n in range(bench.size.arrivals)
            ]
    return Latencies.of([wait.result() for wait in waits])


async def _timed(arrive: Arrive, watcher: Watcher, n: int, at: float) -> float:
    """Return the milliseconds from ``at``, when it should be sent, until it is shown."""
    await asyncio.sleep(at - time.perf_counter())
    await arrive(watcher, n)
    return (time.perf_counter() - at) * 1000


@asynccontextmanager
async def _watcher(bench: Bench, site: Site) -> AsyncIterator[Watcher]:
    free: asyncio.Queue[Connection] = asyncio.Queue()
    producer = Producer(KafkaSettings(bootstrap=site.bootstrap), client_id="bench")
    await producer.start()
    try:
        for _ in range(CONNECTIONS):
            free.put_nowait(await Connection.open(site.port("interactions api")))
        yield Watcher(free, producer, site.key, bench.size.customers)
    finally:
        await producer.stop()
        while not free.empty():
            free.get_nowait().close()
