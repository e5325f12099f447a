"""Reads past SQLAlchemy keep the rules of all reads, on a real Postgres."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text

from common.db import Database
from common.errors import UnavailableError
from devstack.testing.postgres import FreshDsn
from devstack.testing.wait import until
from libs.common.tests.plumbing import database

SLEEP = text("SELECT pg_sleep(:seconds)")
PID = text("SELECT pg_backend_pid() AS pid")


@pytest.fixture
async def db(fresh_dsn: FreshDsn) -> AsyncIterator[Database]:
    db = database(fresh_dsn("common"), read_pool_size=1, pool_timeout_seconds=0.1)
    yield db
    await db.close()


async def one(db: Database, sql: str, **values: Any) -> Any:
    row = await db.read_row(text(sql), values)
    return None if row is None else next(iter(row.values()))


async def test_parameters_are_named_and_may_come_again(db: Database):
    sql = "SELECT cast(:a AS int) - cast(:b AS int) - cast(:a AS int) + length('x:c') AS n"
    assert await one(db, sql, b=5, a=7, unused="") == -2
    assert await one(db, "SELECT 1 WHERE false") is None


async def test_a_deadline_holds_and_the_query_is_stopped(db: Database):
    began = time.monotonic()
    with pytest.raises(UnavailableError):
        await db.read_row(SLEEP, {"seconds": 30.0}, deadline_seconds=0.1)
    assert time.monotonic() - began < 1.0
    await until(lambda: _asleep(db, 0))


async def _asleep(db: Database, count: int) -> bool:
    async def sleeping(connection: Any) -> Any:
        return (
            await connection.execute(
                text("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
            )
        ).scalar_one()

    return bool(await db.read(sleeping) == count)


async def test_whoever_finds_no_connection_is_told_to_come_back(db: Database):
    slow = asyncio.create_task(db.read_row(SLEEP, {"seconds": 1.0}))
    await until(lambda: _asleep(db, 1))
    with pytest.raises(UnavailableError):
        await one(db, "SELECT 1")
    await slow
    assert await one(db, "SELECT 1") == 1


async def test_a_caller_that_goes_away_gives_its_connection_back(db: Database):
    gone = asyncio.create_task(db.read_row(SLEEP, {"seconds": 30.0}))
    await until(lambda: _asleep(db, 1))
    gone.cancel()
    await until(lambda: _asleep(db, 0))
    assert await until(lambda: one(db, "SELECT 1")) == 1


async def test_a_killed_connection_is_replaced(db: Database):
    pid = await one(db, PID.text)

    async def kill(connection: Any) -> None:
        await connection.execute(text(f"SELECT pg_terminate_backend({pid})"))

    await db.read(kill)

    async def another() -> bool:
        try:
            return bool(await one(db, PID.text) != pid)
        except UnavailableError:
            return False

    await until(another)


async def test_they_cannot_write(db: Database):
    with pytest.raises(UnavailableError):
        await one(db, "CREATE TABLE t (a int)")


async def test_a_mistake_is_a_mistake_and_not_trouble(db: Database):
    with pytest.raises(asyncpg.PostgresError):
        await one(db, "SELECT nothing FROM nowhere")
    with pytest.raises(asyncpg.DataError):
        await one(db, "SELECT cast(:a AS int)", a="x")


async def test_a_server_that_is_away_is_unavailable():
    away = database("postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(UnavailableError):
        await one(away, "SELECT 1")
    await away.close()
