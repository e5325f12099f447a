"""The time from a deadline until a consumer reads the breach from Kafka."""

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

import asyncpg

from benchmarks.machine.patience import Patience
from benchmarks.measurements.backlog import open_reader
from benchmarks.output.marks import at_most, within
from benchmarks.output.table import Row
from benchmarks.site import Bench, Site
from benchmarks.workload.load import Latencies
from common.messaging import GroupReader
from devstack.testing.clocks import OPEN_CLOCKS
from sla.clocks.events.published import TOPIC, ClockBreachedV1

P99_MS = 500
SECONDS_FOR_MANY = 10.0
DUE_PER_SECOND = 100
LEAD_SECONDS = 3.0
WARM_UP = 50
MANY = 10_000
WORKERS = ("interactions worker", "sla worker")


def measure(bench: Bench) -> Iterator[Row]:
    """Yield rows for no deadline due, for deadlines spread over time, and for many at once."""
    with bench.site("breaches", kafka=True) as site:
        site.start(*WORKERS)
        asyncio.run(_at_once(site, WARM_UP))
        yield asyncio.run(_nothing_due(bench, site))
        yield asyncio.run(_spread(bench, site))
        for count in bench.size.due_at_once:
            yield asyncio.run(_at_once(site, count))


async def _nothing_due(bench: Bench, site: Site) -> Row:
    """Count the rows that sla writes while no clock is due, and the workers' processor time."""
    connection = await asyncpg.connect(site.dsn("sla"))
    try:
        await _open_clocks(connection, bench.size.clocks, first_due_seconds=3600)
        await connection.execute("SELECT pg_stat_force_next_flush()")
        await asyncio.sleep(_STATISTICS_SECONDS)
        before, meter = await connection.fetchval(_WRITTEN), site.meter(*WORKERS)
        used = meter.read()
        await asyncio.sleep(bench.size.idle_seconds)
        spent = meter.read() - used
        await asyncio.sleep(_STATISTICS_SECONDS)
        touched = await connection.fetchval(_WRITTEN) - before
        await connection.execute("TRUNCATE clock")
    finally:
        await connection.close()
    a_second = 1000 / bench.size.idle_seconds
    return Row(
        f"breaches, {bench.size.clocks:,} open, none due (CPU of a second)",
        ours_ms=spent.server * a_second,
        postgres_ms=spent.postgres * a_second,
        marks=[at_most(0, touched, "rows written")],
    )


async def _spread(bench: Bench, site: Site) -> Row:
    count = DUE_PER_SECOND * bench.size.due_seconds
    seen = await _breached(site, bench.size.clocks, DUE_PER_SECOND, expect=count)
    latencies = Latencies.of(seen.milliseconds)
    return Row(
        f"breaches, {bench.size.clocks:,} open, {DUE_PER_SECOND} due a second",
        latencies=latencies,
        marks=[within(P99_MS, latencies.p99, "p99 ms")],
    )


async def _at_once(site: Site, count: int) -> Row:
    seen = await _breached(site, count, None, expect=count)
    latencies, took = Latencies.of(seen.milliseconds), max(seen.milliseconds) / 1000
    mark = within(SECONDS_FOR_MANY, took, "s")
    return Row(
        f"breaches, {count:,} due at one instant",
        per_second=count / took,
        latencies=latencies,
        marks=[mark if count == MANY else within(P99_MS, latencies.p99, "p99 ms")],
    )


@dataclass
class Seen:
    """Milliseconds from each clock's deadline until its breach was read from the topic.

    Clocks that fell due before ``since`` belong to an earlier measurement and are left out.
    """

    since: float
    milliseconds: list[float] = field(default_factory=list)

    def look(self, values: list[bytes], now: float) -> None:
        for value in values:
            event = json.loads(value)
            if event["type"] == ClockBreachedV1.event_type:
                due_at = datetime.fromisoformat(event["data"]["breached_at"]).timestamp()
                if due_at > self.since:
                    self.milliseconds.append((now - due_at) * 1000)


async def _breached(site: Site, clocks: int, per_second: float | None, *, expect: int) -> Seen:
    """Open clocks that fall due one after another, or at once, and read their breaches."""
    seen = Seen(since=time.time())
    connection = await asyncpg.connect(site.dsn("sla"))
    try:
        async with open_reader(site.bootstrap, TOPIC) as reader:
            await _open_clocks(connection, clocks, LEAD_SECONDS, per_second)
            await _read(reader, seen, expect)
        await connection.execute("TRUNCATE clock")
    finally:
        await connection.close()
    return seen


async def _read(reader: GroupReader, seen: Seen, expect: int) -> None:
    patience = Patience("breaches read")
    while len(seen.milliseconds) < expect:
        patience.see(len(seen.milliseconds))
        polled = await reader.poll(1.0)
        # The deadlines were set by this machine's clock, too.
        now = time.time()
        seen.look([r.value for records in polled.values() for r in records if r.value], now)
    del seen.milliseconds[expect:]


async def _open_clocks(
    connection: asyncpg.Connection,
    count: int,
    first_due_seconds: float,
    per_second: float | None = None,
) -> None:
    """Write running clocks; without ``per_second`` all of them fall due at one instant."""
    step = 0.0 if per_second is None else 1 / per_second
    await connection.execute(OPEN_CLOCKS, "demo", count, first_due_seconds, step)


_STATISTICS_SECONDS = 1.5
"""How long sessions take to report their statistics."""

_WRITTEN = """
SELECT sum(n_tup_ins + n_tup_upd + n_tup_del)::bigint FROM pg_stat_user_tables
 WHERE relname ~ '^(clock|conversation|fact|alert|outbox|inbox)'
"""
