"""identity hangs or is down under load: callers do not wait, and messages are attached later."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from devstack.fleet.fleet import Fleet
from tests.drills.callers.traffic import under_load
from tests.drills.drill import Drill

pytestmark = [pytest.mark.long_drill, pytest.mark.timeout(600)]

IDENTITY = "identity api"
ASKING = ("interactions api", "interactions consumer", "interactions timer")
UNANSWERED = "identity.not_answering"
THRESHOLD = 5
"""After this many failures in a row, a process calls identity once a second at most."""
AT_ONCE = 10
"""Calls that may be in progress when the threshold is reached."""


@asynccontextmanager
async def _hanging(fleet: Fleet) -> AsyncIterator[None]:
    fleet.freeze(IDENTITY)
    try:
        yield
    finally:
        fleet.thaw(IDENTITY)


@asynccontextmanager
async def _gone(fleet: Fleet) -> AsyncIterator[None]:
    fleet.kill(IDENTITY)
    try:
        yield
    finally:
        fleet.launch(IDENTITY)


@pytest.mark.parametrize("away", [_hanging, _gone])
async def test_messages_are_accepted_and_attached_later_and_identity_is_not_flooded(
    drill: Drill, away
):
    async with under_load(drill) as traffic:
        before, began = _unanswered(drill), time.monotonic()
        async with away(drill.fleet):
            for way in ("rest", "batch", "kafka", "webhook"):
                await traffic.await_progress(way, 20)
            assert await drill.execute("interactions", "SELECT 1 FROM unresolved LIMIT 1")
            seconds = time.monotonic() - began
            after = _unanswered(drill)
            assert after != before, "no call failed, so none was made"
            for name, times in after.items():
                assert times - before[name] <= THRESHOLD + AT_ONCE + seconds, name
        await drill.fleet.wait_ready(IDENTITY)
    await drill.check_invariants()


def _unanswered(drill: Drill) -> dict[str, int]:
    """Return how many calls to identity failed in each process."""
    return {name: drill.fleet.log(name).read_text().count(UNANSWERED) for name in ASKING}
