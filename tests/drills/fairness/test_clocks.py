"""One tenant's flood hardly delays another's clocks, which come by way of Kafka."""

import asyncio

import pytest

from devstack.fleet.fleet import Fleet
from devstack.testing.wait import until
from tests.drills.fairness.comparison import FACTOR, Caller, compared

pytestmark = [pytest.mark.long_drill, pytest.mark.timeout(1_800)]

SAMPLES = 40
FLOOR_SECONDS = 1.0
"""Polls of relay and consumer add up to half of it on an idle machine."""


@pytest.mark.parametrize("kind", ["requests", "webhooks", "records"])
async def test_a_flood_hardly_delays_another_tenants_clocks(
    fleet: Fleet, caller: Caller, kind: str
):
    async def settle() -> None:
        await until(lambda: _few_wait(fleet), 120, every=0.5)
        await asyncio.sleep(1)

    alone, beside = await compared(fleet, kind, caller.promise, SAMPLES, settle)
    assert beside <= max(FACTOR * alone, FLOOR_SECONDS)


async def _few_wait(fleet: Fleet) -> bool:
    waiting = await fleet.rows(
        "interactions",
        "SELECT (SELECT count(*) FROM outbox WHERE published_at IS NULL)"
        " + (SELECT count(*) FROM raw_delivery WHERE state = 'received') AS n",
    )
    return bool(waiting[0]["n"] < 50)
