"""Postgres restarts, dies, cuts connections, reports conflicts, refuses writes and freezes."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from urllib.parse import urlsplit

import psutil
import pytest

from devstack.fleet.faults import Faults
from devstack.testing.wait import until
from tests.drills.callers.traffic import Traffic, under_load
from tests.drills.drill import Drill
from tests.drills.faults import database_faults
from tests.drills.faults.outages import during

pytestmark = pytest.mark.timeout(600)

API = "interactions api"
POOLED = 30
"""Connections that the process may have: for transactions, for reads and for contexts."""


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Faults.killed, marks=pytest.mark.drill),
        pytest.param(Faults.stopped, marks=pytest.mark.long_drill),
    ],
)
async def test_a_server_that_restarts_costs_nothing(
    drill: Drill, fault: Callable[[Faults], AbstractContextManager[None]]
):
    async with under_load(drill) as traffic:
        for _ in range(2):
            async with during(fault(drill.postgres)):
                pass
            await _await_progress_everywhere(traffic)
    await drill.check_invariants()


@pytest.mark.long_drill
async def test_connections_that_are_cut_every_two_seconds_cost_nothing(drill: Drill):
    async with under_load(drill) as traffic:
        for _ in range(4):
            assert await database_faults.terminate_connections(drill.fleet) > len(
                drill.fleet.processes
            )
            await traffic.run_for(2)
        await _await_progress_everywhere(traffic)
    await drill.check_invariants()


@pytest.mark.long_drill
async def test_conflicts_in_every_fifth_statement_are_retried_without_double_effect(
    drill: Drill,
):
    tables = {
        "identity": ["customer", "outbox"],
        "interactions": ["interaction", "conversation"],
        "sla": ["clock", "consumer_progress"],
    }
    async with (
        under_load(drill) as traffic,
        database_faults.inject_conflicts(drill.fleet, tables) as clashes,
    ):
        await _await_progress_everywhere(traffic, times=30)
    assert min(clashes) > 10
    await drill.check_invariants()


@pytest.mark.long_drill
async def test_a_consumer_retries_after_it_was_the_victim_of_a_deadlock(drill: Drill):
    dsn = drill.fleet.dsns["sla"]
    async with under_load(drill):
        await database_faults.deadlock(dsn, "consumer_progress", "clock")
        await until(lambda: database_faults.deadlocks(dsn), 30, every=0.2)
    await drill.check_invariants()


@pytest.mark.drill
async def test_a_read_only_server_serves_reads_and_writes_get_503_with_retry_after(drill: Drill):
    async with under_load(drill) as traffic:
        async with database_faults.read_only(drill.fleet.dsns["interactions"]):
            await traffic.await_refusals(503)
            traffic.answers.clear()
            await traffic.await_answers(200, times=20)
            assert set(traffic.answers) == {200}
        await _await_progress_everywhere(traffic)
    await drill.check_invariants()


@pytest.mark.long_drill
async def test_a_frozen_server_is_reported_unavailable_and_collects_no_connections(drill: Drill):
    async with under_load(drill) as traffic:
        async with during(drill.postgres.frozen()):
            await traffic.await_answers(503)
            await traffic.await_refusals(503)
            traffic.answers.clear()
            await traffic.run_for(5)
            assert set(traffic.answers) == {503}
            assert _connections(drill, API) <= POOLED
        await traffic.await_answers(200)
        await _await_progress_everywhere(traffic)
    await drill.check_invariants()


@pytest.mark.long_drill
async def test_a_service_without_its_database_does_not_affect_the_others(drill: Drill):
    fleet = drill.fleet
    async with under_load(drill) as traffic:
        async with database_faults.closed(fleet.dsns["identity"], fleet.dsns["sla"]):
            await traffic.await_answers(200, times=50)
            await _await_progress_everywhere(traffic)
            await until(lambda: not fleet.is_ready("sla timer"), 30, every=0.2)
        await fleet.wait_ready("sla api", "sla consumer", "sla relay", "sla timer")
    await drill.check_invariants()


async def _await_progress_everywhere(traffic: Traffic, times: int = 5) -> None:
    for way in list(traffic.acknowledged):
        await traffic.await_progress(way, times)


def _connections(drill: Drill, name: str) -> int:
    """Return how many connections to Postgres a process has open."""
    port = urlsplit(drill.fleet.dsns["sla"]).port
    connections = psutil.Process(drill.fleet.processes[name].pid).net_connections(kind="tcp")
    return sum(1 for c in connections if c.raddr and c.raddr.port == port)
