"""A random process is killed every five seconds under load, and all invariants hold."""

import asyncio
import os
import random
import secrets
import sys

import pytest

from benchmarks.machine.limits import greet
from benchmarks.output.marks import REFERENCE_PER_SECOND
from benchmarks.workload.load import generator
from devstack.fleet.fleet import SEPARATE
from tests.drills.callers.load import Load
from tests.drills.drill import Drill
from tests.drills.invariants.deadlines import retracted_certain_breaches

EVERY_SECONDS = 5.0
RATE = 330.0
"""Customers' messages a second, without the agents' answers, on the machine of ``PROMISED``."""
PROMISED = 300.0
"""Messages a second on the machine that the benchmark's goals are for."""


@pytest.mark.drill
@pytest.mark.timeout(600)
async def test_random_kills_for_fifteen_seconds(drill: Drill):
    await _drill(drill, seconds=15, rate=60)


@pytest.mark.long_drill
@pytest.mark.timeout(900)
async def test_random_kills_for_a_minute_at_three_hundred_a_second(drill: Drill):
    speed = min(1.0, await asyncio.to_thread(_speed))
    reached = await _drill(drill, seconds=60, rate=RATE * speed)
    assert reached >= PROMISED * speed


def _speed() -> float:
    """Return how fast this machine is, against the one that the benchmark's goals are for."""
    with generator() as drive:
        limit = greet(drive, connections=1, seconds=3, warm_up_seconds=1)
    _say(f"hello {limit.per_second:,.0f}/s")
    return limit.per_second / REFERENCE_PER_SECOND


async def _drill(drill: Drill, *, seconds: float, rate: float) -> float:
    seed = int(os.environ.get("SEED") or secrets.randbelow(10**6))
    _say(f"seed {seed}: {seconds:.0f} s at {rate:.0f} messages/s")
    load = Load(drill.speaker, seed, seconds=seconds, rate=rate)
    async with drill.fleet.supervised() as restarted:
        draw = random.Random(seed)  # noqa: S311 - it has to be repeatable
        killing = asyncio.create_task(_kill(drill, draw, seconds))
        reached = await load.run()
        await killing
    _say(f"acknowledged {reached:.0f} messages/s; restarted: {', '.join(restarted)}")
    evidence = await drill.check_invariants()
    assert not retracted_certain_breaches(evidence)
    return reached


async def _kill(drill: Drill, draw: random.Random, seconds: float) -> None:
    for _ in range(int(seconds / EVERY_SECONDS)):
        await asyncio.sleep(EVERY_SECONDS)
        drill.fleet.kill(draw.choice(SEPARATE))


def _say(line: str) -> None:
    sys.stderr.write(f"\n{line}\n")
