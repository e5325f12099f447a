"""Merges of customers with long histories, and their contexts afterwards."""

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from functools import partial
from http import HTTPStatus

import asyncpg

from benchmarks.machine.patience import Patience
from benchmarks.measurements.context import FOUR_PARTS
from benchmarks.measurements.resolve import write_customers
from benchmarks.output.marks import at_most, within
from benchmarks.output.table import Row, row_of
from benchmarks.site import Bench, Site
from benchmarks.workload import people
from benchmarks.workload.load import Connection, Latencies, Sample, request
from benchmarks.workload.people import People

LONG, SHORT = 2, 10
"""Pairs of customers with a long history, and with a short one."""
MERGE_MS = 50
TIMES = 2.0
"""How much longer the context of a long history may take than that of a short one."""
API = "interactions api"
PROCESSES = ("identity api", "identity worker", API, "interactions worker")
LOOK_SECONDS = 0.005
_REWRITTEN = """
SELECT sum(n_tup_upd + n_tup_del)::bigint FROM pg_stat_user_tables
 WHERE relname LIKE 'interaction\\_%'
"""


def measure(bench: Bench) -> Iterator[Row]:
    """Yield rows for merges, for the wait until contexts show them, and for those contexts."""
    long = People(first=1, count=2 * LONG, history=bench.size.merged)
    short = People(first=1 + 2 * LONG, count=2 * SHORT, history=20)
    with bench.site("merges", kafka=True) as site:
        people.write_people(site.dsn("interactions"), [long, short])
        asyncio.run(write_customers(site.dsn("identity"), long.count + short.count))
        site.start(*PROCESSES)
        asyncio.run(_merge(site, short))
        merged, shown = asyncio.run(_merge(site, long))
        rewritten = asyncio.run(_rewritten(site.dsn("interactions")))
        name = f"merge, {bench.size.merged:,} interactions each"
        marks = [within(MERGE_MS, merged.p95, "p95 ms"), at_most(0, rewritten, "rewritten")]
        yield Row(name, latencies=merged, marks=marks)
        yield Row(f"{name}, shown in the context", latencies=shown)
        yield from _contexts(bench, site, long, short)


def _contexts(bench: Bench, site: Site, long: People, short: People) -> Iterator[Row]:
    samples = {
        name: bench.load(site, API, partial(_read, site.key, group), 1)
        for name, group in (("20", short), (f"{long.history:,}", long))
    }
    first, last = samples.values()
    for name, sample in samples.items():
        marks = [at_most(TIMES, _times(last, first), "times the first")] if sample is last else []
        yield row_of(f"context, merged, {name} interactions each", sample, {}, marks=marks)
    with bench.plans.recorded("merges"):
        bench.try_out(site, API, partial(_read, site.key, long))


def _times(last: Sample, first: Sample) -> float:
    return last.latencies.p50 / first.latencies.p50


def _pairs(group: People) -> Sequence[tuple[str, str]]:
    """Return the ids of source and target of each merge."""
    numbers = range(group.first, group.first + group.count, 2)
    return [(people.customer_id(n), people.customer_id(n + 1)) for n in numbers]


def _read(key: str, group: People, n: int) -> bytes:
    source_id, _ = _pairs(group)[n % (group.count // 2)]
    return request("GET", f"/v1/context/{source_id}?include={','.join(FOUR_PARTS)}", key=key)


async def _merge(site: Site, group: People) -> tuple[Latencies, Latencies]:
    """Merge the pairs one after the other; return how long each took, and until it was shown."""
    identity = await Connection.open(site.port("identity api"))
    interactions = await Connection.open(site.port(API))
    patience = Patience("merges shown")
    merged: list[float] = []
    shown: list[float] = []
    try:
        for source_id, target_id in _pairs(group):
            began = time.perf_counter()
            body = {"source_id": source_id, "target_id": target_id, "reason": "bench"}
            asked = request("POST", "/v1/merges", key=site.key, body=json.dumps(body).encode())
            status, answer = await identity.ask(asked)
            if status not in {HTTPStatus.OK, HTTPStatus.CREATED}:
                raise RuntimeError(f"the server answered {status}: {answer!r}")
            merged.append((time.perf_counter() - began) * 1000)
            path = f"/v1/context/{source_id}?include=customer"
            while target_id not in str(
                (await interactions.ask(request("GET", path, key=site.key)))[1][:80]
            ):
                patience.see(len(shown))
                await asyncio.sleep(LOOK_SECONDS)
            shown.append((time.perf_counter() - began) * 1000)
    finally:
        identity.close()
        interactions.close()
    return Latencies.of(merged), Latencies.of(shown)


async def _rewritten(dsn: str) -> int:
    """Return how many interactions were updated or deleted since they were written."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("SELECT pg_stat_force_next_flush()")
        return int(await connection.fetchval(_REWRITTEN) or 0)
    finally:
        await connection.close()
