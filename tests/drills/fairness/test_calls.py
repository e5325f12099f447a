"""One tenant's flood hardly delays another's calls: p99 stays within twice what it is alone."""

import asyncio
from collections.abc import Iterator

import pytest

from devstack.fleet.fleet import Fleet, running_fleet
from devstack.servers.postgres import Server
from devstack.testing.postgres import Templates
from tests.drills.callers.speakers import add_accounts
from tests.drills.fairness.comparison import (
    FACTOR,
    FLOOR_SECONDS,
    SAMPLES,
    Caller,
    compared,
)

pytestmark = [pytest.mark.long_drill, pytest.mark.timeout(1_800)]


@pytest.fixture(scope="module")
def fleet(
    tmp_path_factory: pytest.TempPathFactory,
    postgres_server: Server,
    templates: Templates,
    kafka_bootstrap: str,
) -> Iterator[Fleet]:
    """The APIs alone: what else runs would only take its share of this machine."""
    names = ("identity api", "interactions api", "sla api")
    directory = tmp_path_factory.mktemp("apis")
    with running_fleet(
        directory, postgres_server, templates, kafka_bootstrap, names=names
    ) as running:
        add_accounts(running)
        yield running


async def settle() -> None:
    await asyncio.sleep(2)


@pytest.mark.parametrize("kind", ["requests", "batches", "webhooks", "contact", "strangers"])
async def test_a_flood_hardly_delays_another_tenants_calls(fleet: Fleet, caller: Caller, kind: str):
    alone, beside = await compared(fleet, kind, caller.talk, SAMPLES, settle)
    assert beside <= max(FACTOR * alone, FLOOR_SECONDS)


async def test_streams_hardly_delay_another_tenants_calls(fleet: Fleet, caller: Caller):
    alone, beside = await compared(fleet, "streams", caller.list_clocks, SAMPLES, settle)
    assert beside <= max(FACTOR * alone, FLOOR_SECONDS)
