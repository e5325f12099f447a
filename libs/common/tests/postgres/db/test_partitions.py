"""Days come and go as partitions."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text

from common.db import drop_days, ensure_days
from common.service import Maintenance
from common.settings import RelaySettings
from devstack.testing.fake_clock import FakeClock
from devstack.testing.postgres import FreshDsn
from devstack.testing.wait import until
from libs.common.tests.plumbing import database, scalar, take_notes

TODAY = date(2026, 3, 2)


@pytest.fixture
async def db(fresh_dsn: FreshDsn):
    made = database(fresh_dsn("common"))
    yield made
    await made.close()


async def make_days(connection, today=TODAY):
    await connection.run_sync(ensure_days, ("outbox", "inbox"), today=today)


async def partitions(connection):
    result = await connection.execute(
        text(
            "SELECT inhrelid::regclass::text FROM pg_inherits"
            " WHERE inhparent = 'inbox'::regclass ORDER BY 1"
        )
    )
    return list(result.scalars())


async def put_in_inbox(connection, recorded_at):
    await connection.execute(
        text("INSERT INTO inbox VALUES ('c', 's', :id, :at, 'x')"),
        {"id": str(recorded_at), "at": recorded_at},
    )


async def test_a_week_is_made_once(db):
    await db.run(make_days)
    first = await db.read(partitions)
    await db.run(make_days)
    assert await db.read(partitions) == first
    assert {f"inbox_{TODAY + timedelta(days=n):%Y%m%d}" for n in range(8)} <= set(first)


async def test_rows_that_came_before_their_day_was_made_move_into_it(db):
    at = datetime(2026, 3, 5, 23, 59, 59, tzinfo=UTC)
    await db.run(put_in_inbox, at)
    await db.run(make_days)
    assert await db.read(scalar, "SELECT count(*) FROM inbox_20260305") == 1
    assert await db.read(scalar, "SELECT count(*) FROM inbox_default") == 0


async def test_days_before_the_limit_are_dropped_unless_a_row_forbids(db):
    await db.run(make_days)
    await db.run(put_in_inbox, datetime(2026, 3, 3, tzinfo=UTC))

    async def drop(connection):
        return await connection.run_sync(
            drop_days, "inbox", before=date(2026, 3, 4), unless="body_hash = 'x'"
        )

    assert await db.run(drop) == [TODAY]


async def test_unpublished_rows_outlive_their_day(db):
    clock = FakeClock()

    async def put(connection, published):
        await take_notes(connection, ["kept"], now=clock.now())
        await connection.execute(
            text("UPDATE outbox SET written_at = :at, published_at = :published"),
            {"at": clock.now(), "published": published},
        )

    await db.run(make_days)
    await db.run(put, None)
    clock.advance(30 * 86_400)
    maintenance = Maintenance(db, RelaySettings(), clock=clock)
    await maintenance.keep_house()
    assert await db.read(scalar, "SELECT count(*) FROM outbox") == 1

    async def publish(connection):
        await connection.execute(text("UPDATE outbox SET published_at = now()"))

    await db.run(publish)
    await maintenance.keep_house()
    assert await db.read(scalar, "SELECT count(*) FROM outbox") == 0


async def test_maintenance_runs_at_start(db):
    stop = asyncio.Event()
    running = asyncio.create_task(Maintenance(db, RelaySettings(), clock=FakeClock()).run(stop))
    await until(lambda: _has_days(db), within=5)
    stop.set()
    await running


async def _has_days(db):
    return f"inbox_{TODAY:%Y%m%d}" in await db.read(partitions)


async def test_a_day_is_made_once_by_two_while_its_rows_keep_arriving(db):
    """Rows that are on their way to the default partition then find the new one."""
    at, made = datetime(2026, 3, 2, 12, tzinfo=UTC), asyncio.Event()

    async def arrive(first: int) -> int:
        number = first
        while not made.is_set():
            await db.run(put_in_inbox, at + timedelta(microseconds=number))
            number += 3
        return (number - first) // 3

    arriving = [asyncio.create_task(arrive(first)) for first in range(3)]
    await asyncio.sleep(0.1)
    await asyncio.gather(db.run(make_days), db.run(make_days))
    made.set()
    count = sum(await asyncio.gather(*arriving))
    assert await db.read(scalar, "SELECT count(*) FROM inbox_20260302") == count
    assert await db.read(scalar, "SELECT count(*) FROM inbox_default") == 0


async def test_housekeeping_that_fails_says_so_and_goes_on(db):
    housekeeping = Maintenance(db, RelaySettings(), clock=FakeClock(), daily_tables=["nothing"])
    stop = asyncio.Event()
    running = asyncio.create_task(housekeeping.run(stop))
    await until(housekeeping.healthy, within=5)
    assert not running.done()
    stop.set()
    await running
