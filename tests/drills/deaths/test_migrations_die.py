"""A migration dies half way."""

import signal
from uuid import uuid4

import asyncpg
import pytest

from devstack.fleet.fleet import Fleet
from devstack.servers.postgres import Server
from devstack.testing.postgres import execute
from tests.drills.faults.points import Point

pytestmark = [pytest.mark.drill, pytest.mark.timeout(600)]


async def test_a_migration_that_dies_half_way_leaves_nothing_and_can_be_repeated(
    fleet: Fleet, postgres_server: Server
):
    name = f"migrated_{uuid4().hex}"
    execute(postgres_server.admin_dsn, f"CREATE DATABASE {name}")
    dsns = dict(fleet.dsns) | {"interactions": postgres_server.dsn(name)}
    apart = Fleet(fleet.directory, dsns, fleet.bootstrap, fleet.credentials)
    apart.launch("interactions migrate", through=Point("ddl", nth=20).words())
    assert await apart.wait_for_exit("interactions migrate", within=120) == -signal.SIGKILL
    assert await _tables(apart) == 0
    apart.run("interactions", "migrate")
    assert await _tables(apart) > 0
    execute(postgres_server.admin_dsn, f"DROP DATABASE {name}")


async def _tables(fleet: Fleet) -> int:
    connection = await asyncpg.connect(fleet.dsns["interactions"])
    try:
        query = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        return int(await connection.fetchval(query))
    finally:
        await connection.close()
