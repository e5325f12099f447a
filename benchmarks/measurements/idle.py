"""What the product costs while nothing happens: processor time of the processes of both stacks."""

import asyncio
import time
from collections.abc import Iterator, Mapping

import psutil

from benchmarks.output.marks import within
from benchmarks.output.table import Row
from benchmarks.site import Bench
from devstack.fleet.fleet import SEPARATE
from devstack.testing.stack import stack_process

SETTLE_SECONDS = 5.0
_LONGER = 4
"""Processor time is counted in hundredths of a second, and many processes use few of them."""
EMBEDDED_PERCENT = 5.0
"""Of a core, for ``make serve`` with its broker and its Postgres."""
SEPARATE_PERCENT = 6.0
"""Of a core, for the ten processes of the Compose stack, without Kafka and Postgres."""


def measure(bench: Bench) -> Iterator[Row]:
    """Yield a row for each process of the embedded stack and of the fleet, and one for each sum."""
    yield from _embedded(bench)
    yield from _separate(bench)


def _embedded(bench: Bench) -> Iterator[Row]:
    with stack_process(bench.directory / "idle-embedded") as stack:
        own = psutil.Process(stack.process.pid)
        family = {child.pid: child.name() for child in own.children(recursive=True)}
        names = family | {own.pid: "the services"}
        spent = asyncio.run(_spent(names, _LONGER * bench.size.idle_seconds))
    for name in sorted(set(names.values())):
        ours = sum(spent[pid] for pid in names if names[pid] == name)
        yield Row(f"idle, embedded, {name} (CPU of a second)", ours_ms=ours)
    yield _sum("idle, embedded, together (CPU of a second)", spent, EMBEDDED_PERCENT)


def _separate(bench: Bench) -> Iterator[Row]:
    with bench.site("idle", kafka=True) as site:
        site.start(*SEPARATE)
        names = {site.fleet.processes[name].pid: name for name in SEPARATE}
        spent = asyncio.run(_spent(names, _LONGER * bench.size.idle_seconds))
        for pid, name in names.items():
            yield Row(f"idle, {name} (CPU of a second)", ours_ms=spent[pid])
        yield _sum("idle, ten processes together (CPU of a second)", spent, SEPARATE_PERCENT)


def _sum(what: str, spent: Mapping[int, float], percent: float) -> Row:
    total = sum(spent.values())
    return Row(what, ours_ms=total, marks=[within(percent, total / 10, "% of a core")])


async def _spent(names: Mapping[int, str], seconds: float) -> dict[int, float]:
    """Return the milliseconds of processor time that each process uses in a second."""
    await asyncio.sleep(SETTLE_SECONDS)
    before, began = {pid: _used(pid) for pid in names}, time.monotonic()
    await asyncio.sleep(seconds)
    span = time.monotonic() - began
    return {pid: (_used(pid) - before[pid]) / span * 1000 for pid in names}


def _used(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)
