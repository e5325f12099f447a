"""The broker restarts, dies and stays down under load."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial

import pytest

from devstack.fleet.faults import Faults
from devstack.testing.wait import until
from tests.drills.callers.traffic import under_load
from tests.drills.drill import Drill
from tests.drills.faults.outages import during

pytestmark = [pytest.mark.long_drill, pytest.mark.timeout(600)]

NEED_KAFKA = (
    "identity relay", "interactions relay", "sla relay", "interactions consumer", "sla consumer",
)  # fmt: skip


@pytest.mark.parametrize("fault", [Faults.stopped, Faults.killed])
async def test_a_broker_that_restarts_again_and_again_costs_nothing(
    drill: Drill, fault: Callable[[Faults], AbstractContextManager[None]]
):
    async with under_load(drill) as traffic:
        for _ in range(2):
            async with during(fault(drill.kafka)):
                pass
            await traffic.await_progress("kafka")
    await drill.check_invariants()


async def test_apis_work_without_the_broker_and_events_follow_in_order(
    drill: Drill,
):
    async with under_load(drill) as traffic:
        async with during(drill.kafka.stopped()):
            await traffic.await_progress("rest", 100)
            await traffic.await_progress("webhook", 50)
            for name in NEED_KAFKA:
                await until(partial(_is_down, drill, name), 90, every=0.2)
        await drill.fleet.wait_ready(*NEED_KAFKA)
    assert set(traffic.answers) == {200}, "contexts must not need the broker"
    await drill.check_invariants()


def _is_down(drill: Drill, name: str) -> bool:
    return not drill.fleet.is_ready(name)
