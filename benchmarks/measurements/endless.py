"""One conversation without end: what a message costs at first, and after all the others.

In one, nine messages of the customer and one answer follow each other; the other is a monologue of
the customer that nobody answers. Halfway the processes restart, so that nothing that they remember
can hide what a long conversation costs.
"""

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus

import asyncpg

from benchmarks.machine.meters import Cpu
from benchmarks.machine.patience import Patience
from benchmarks.output.marks import at_most
from benchmarks.output.table import Row
from benchmarks.site import Bench, Site
from benchmarks.workload import messages, people
from benchmarks.workload.load import Connection, Latencies, request
from benchmarks.workload.people import People
from common.db import wall_time

WINDOW = 10_000
BATCH = 100
GROWTH_AT_MOST = 1.1
LATE_CPU_MS = 100.0
READS = 20
KINDS = {"thread": 10, "monologue": None}
"""The conversations; in one with a number, every so many messages one is an answer."""
LATE = 5
INTERACTIONS = ("interactions api", "interactions relay", "interactions consumer")
SLA = ("sla consumer", "sla relay")
OTHERS = ("sla api",)
SENDER = people.phone(1)

_POLICY = {
    "name": "Everybody",
    "position": 1,
    "targets": [
        {"metric": "first_response", "duration": "PT1H"},
        {"metric": "next_response", "duration": "PT1H"},
        {"metric": "resolution", "duration": "PT8H"},
    ],
}
_LAST_SEQUENCE = "SELECT last_sequence FROM conversation"
_VERSION = "SELECT version, conversation_id FROM conversation WHERE contact_key IS NOT NULL"


def measure(bench: Bench) -> Iterator[Row]:
    """Yield rows for each window of messages, for late messages, and for reading what came of it.

    The marks compare the last window with the first.
    """
    for kind, answered in KINDS.items():
        yield from _measure(bench, kind, answered)


def _measure(bench: Bench, kind: str, answered: int | None) -> Iterator[Row]:
    with bench.site(f"endless_{kind}", kafka=True) as site:
        people.write_people(site.dsn("interactions"), [People(first=1, count=1, history=0)])
        site.start(*INTERACTIONS, *SLA, *OTHERS)
        asyncio.run(_ask(site, "sla api", "POST", "/v1/sla/policies", _POLICY))
        thread = _Thread(site, f"endless {kind}", answered)
        windows = [*range(0, bench.size.thread, WINDOW)]
        for number, start in enumerate(windows):
            if number and number == len(windows) // 2:
                site.fleet.stop(*INTERACTIONS, *SLA)
                site.start(*INTERACTIONS, *SLA)
            yield from thread.grow(start, min(WINDOW, bench.size.thread - start))
        yield from thread.late()
        yield from thread.reads()


@dataclass
class _Thread:
    site: Site
    name: str
    answered: int | None
    early: datetime = field(default_factory=wall_time)
    first: dict[str, float] = field(default_factory=dict)
    late_sent: int = 0

    def grow(self, start: int, count: int) -> Iterator[Row]:
        """Yield what the next messages cost in each service, until sla has read all of them."""
        meters = {"interactions": self.site.meter(*INTERACTIONS), "sla": self.site.meter(*SLA)}
        before = {name: meter.read() for name, meter in meters.items()}
        began = time.perf_counter()
        asyncio.run(self._send(range(start + 1, start + 1 + count)))
        took = time.perf_counter() - began
        for name, meter in meters.items():
            yield self._window(name, start, count, took, meter.read() - before[name])

    def _window(self, name: str, start: int, count: int, took: float, cpu: Cpu) -> Row:
        ours_ms = cpu.server / count * 1000
        first = self.first.setdefault(name, ours_ms)
        return Row(
            f"{self.name}, {name}, message {start:,} and on",
            count / took,
            ours_ms=ours_ms,
            postgres_ms=cpu.postgres / count * 1000,
            marks=[at_most(GROWTH_AT_MOST, ours_ms / first, "of the first")] if start else [],
        )

    def late(self) -> Iterator[Row]:
        """Yield what single messages cost that happened at the beginning of the conversation."""
        for what, outbound in (("customer's message", False), ("answer", True)):
            meter = self.site.meter(*SLA)
            before = meter.read()
            asyncio.run(self._send_late(LATE, outbound=outbound))
            cpu = meter.read() - before
            ours_ms = cpu.server / LATE * 1000
            yield Row(
                f"{self.name}, a late {what}, sla",
                ours_ms=ours_ms,
                postgres_ms=cpu.postgres / LATE * 1000,
                marks=[at_most(LATE_CPU_MS, ours_ms, "ms of CPU")],
            )

    def reads(self) -> Iterator[Row]:
        """Yield how long it takes to read the clocks, one with its trace, context and timeline."""
        clocks = asyncio.run(_ask(self.site, "sla api", "GET", "/v1/sla/clocks?limit=100"))
        paths = {
            "list of clocks": ("sla api", "/v1/sla/clocks?limit=100"),
            "clock with trace": ("sla api", f"/v1/sla/clocks/{clocks['items'][0]['clock_id']}"),
            "context": ("interactions api", f"/v1/context/{people.customer_id(1)}"),
            "timeline": ("interactions api", f"/v1/context/{people.customer_id(1)}/timeline"),
        }
        for what, (process, path) in paths.items():
            latencies = asyncio.run(self._time(process, path))
            yield Row(f"{self.name}, {what}", latencies=latencies)

    async def _time(self, process: str, path: str) -> Latencies:
        milliseconds = []
        for _ in range(READS):
            began = time.perf_counter()
            await _ask(self.site, process, "GET", path)
            milliseconds.append((time.perf_counter() - began) * 1000)
        return Latencies.of(milliseconds)

    async def _send(self, numbers: range) -> None:
        batches = [
            [_item(f"endless-{n}", outbound=self._is_answer(n)) for n in numbers[at : at + BATCH]]
            for at in range(0, len(numbers), BATCH)
        ]
        if numbers[0] == 1:
            await self._record(batches.pop(0))
            self.early = wall_time()
        await self._record(*batches)

    def _is_answer(self, number: int) -> bool:
        return self.answered is not None and number % self.answered == 0

    async def _send_late(self, count: int, *, outbound: bool) -> None:
        """Send messages one after another, each after sla has read the one before."""
        for _ in range(count):
            self.late_sent += 1
            at = self.early + timedelta(milliseconds=self.late_sent)
            late = _item(f"late-{self.late_sent}", outbound=outbound, occurred_at=at)
            await self._record([late])

    async def _record(self, *batches: Sequence[dict[str, object]]) -> None:
        """Send batches one after another and wait until sla has read their events."""
        connection = await Connection.open(self.site.port("interactions api"))
        for items in batches:
            body = json.dumps({"items": items}).encode()
            key = self.site.key
            path = "/v1/interactions/batch"
            status, answer = await connection.ask(request("POST", path, key=key, body=body))
            if status != HTTPStatus.OK or b'"error"' in answer:
                raise RuntimeError(f"the server answered {status}: {answer[:500]!r}")
        connection.close()
        await self._consumed()

    async def _consumed(self) -> None:
        history = await asyncpg.connect(self.site.dsn("interactions"))
        sla = await asyncpg.connect(self.site.dsn("sla"))
        version = (await history.fetchrow(_VERSION))["version"]
        patience = Patience("events read by sla")
        while (reached := await sla.fetchval(_LAST_SEQUENCE) or 0) < version:
            patience.see(reached)
            await asyncio.sleep(0.02)
        await history.close()
        await sla.close()


def _item(run: str, *, outbound: bool, occurred_at: datetime | None = None) -> dict[str, object]:
    item: dict[str, object] = json.loads(messages.body(run, 0, SENDER))
    if outbound:
        item |= {"direction": "outbound", "author": {"type": "agent", "id": "agent-1"}}
    if occurred_at is not None:
        item["occurred_at"] = occurred_at.isoformat()
    return item


async def _ask(
    site: Site, process: str, method: str, path: str, body: object = None
) -> dict[str, list[dict[str, str]]]:
    connection = await Connection.open(site.port(process))
    content = b"" if body is None else json.dumps(body).encode()
    status, answer = await connection.ask(request(method, path, key=site.key, body=content))
    connection.close()
    if status not in {HTTPStatus.OK, HTTPStatus.CREATED}:
        raise RuntimeError(f"{path}: the server answered {status}: {answer[:500]!r}")
    decoded: dict[str, list[dict[str, str]]] = json.loads(answer)
    return decoded
