"""Units of work and reads, on a real Postgres."""

import asyncio
import time

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from common.db import Transaction, async_url, on_commit
from common.errors import InvalidError, UnavailableError
from devstack.servers.postgres import Server
from devstack.testing.postgres import FreshDsn
from devstack.testing.wait import until
from libs.common.tests.plumbing import database, kept, make_kept, scalar


async def insert(connection: AsyncConnection, note: str) -> None:
    await connection.execute(text("INSERT INTO kept (note) VALUES (:note)"), {"note": note})


async def test_work_is_committed_before_run_returns(fresh_dsn: FreshDsn):
    db = database(fresh_dsn("common"))
    await db.run(make_kept)
    await db.run(insert, "one")
    assert await db.read(kept) == ["one"]
    await db.close()


async def test_an_error_rolls_everything_back(fresh_dsn: FreshDsn):
    db = database(fresh_dsn("common"))
    await db.run(make_kept)

    async def fail(connection: AsyncConnection) -> None:
        await insert(connection, "lost")
        raise LookupError

    with pytest.raises(LookupError):
        await db.run(fail)
    assert await db.read(kept) == []
    await db.close()


async def test_a_value_that_no_index_takes_is_the_callers_mistake(fresh_dsn: FreshDsn):
    db = database(fresh_dsn("common"))
    await db.run(make_kept)

    async def index_notes(connection: AsyncConnection) -> None:
        await connection.execute(text("CREATE INDEX ON kept (note)"))

    await db.run(index_notes)
    incompressible = "".join(chr(0x20000 + n * 7919 % 40_000) for n in range(2_000))
    with pytest.raises(InvalidError):
        await db.run(insert, incompressible)
    await db.close()


async def test_callbacks_run_once_and_only_after_a_commit(fresh_dsn: FreshDsn):
    db = database(fresh_dsn("common"))
    await db.run(make_kept)
    counted: list[str] = []

    async def count(tx: Transaction, note: str, *, fail: bool) -> None:
        on_commit(tx, lambda: counted.append(note))
        await insert(tx, note)
        assert counted == []
        if fail:
            raise LookupError

    with pytest.raises(LookupError):
        await db.run(count, "lost", fail=True)
    await db.run(insert, "between")
    assert counted == []
    await db.run(count, "kept", fail=False)
    assert counted == ["kept"]
    await db.close()


async def test_a_constraint_that_fails_at_commit_reaches_the_caller(fresh_dsn: FreshDsn):
    db = database(fresh_dsn("common"))

    async def deferred(connection: AsyncConnection) -> None:
        await connection.execute(
            text(
                "CREATE TABLE pair (a int PRIMARY KEY,"
                " b int REFERENCES pair DEFERRABLE INITIALLY DEFERRED)"
            )
        )

    async def dangle(connection: AsyncConnection) -> None:
        await connection.execute(text("INSERT INTO pair VALUES (1, 2)"))

    await db.run(deferred)
    with pytest.raises(DBAPIError):
        await db.run(dangle)
    assert await db.read(scalar, "SELECT count(*) FROM pair") == 0
    await db.close()


async def test_serialization_failures_repeat_the_whole_work(fresh_dsn: FreshDsn):
    db = database(fresh_dsn("common"))
    await db.run(make_kept)
    attempts = 0

    async def flaky(connection: AsyncConnection) -> int:
        nonlocal attempts
        attempts += 1
        await insert(connection, f"attempt {attempts}")
        if attempts < 3:
            await connection.execute(
                text("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$")
            )
        return attempts

    assert await db.run(flaky) == 3
    assert await db.read(kept) == ["attempt 3"]
    await db.close()


async def test_two_works_that_deadlock_both_succeed(fresh_dsn: FreshDsn):
    db = database(fresh_dsn("common"))
    await db.run(make_kept)
    for note in ("a", "b"):
        await db.run(insert, note)

    async def touch(connection: AsyncConnection, notes: str) -> None:
        for note in notes:
            await connection.execute(
                text("UPDATE kept SET part = coalesce(part, 0) + 1 WHERE note = :note"),
                {"note": note},
            )
            await asyncio.sleep(0.05)

    await asyncio.gather(db.run(touch, "ab"), db.run(touch, "ba"))
    assert await db.read(scalar, "SELECT sum(part) FROM kept") == 4
    await db.close()


async def test_a_deadline_holds_while_the_query_goes_on(fresh_dsn: FreshDsn):
    db = database(fresh_dsn("common"))
    began = time.monotonic()
    with pytest.raises(UnavailableError):
        await db.read(scalar, "SELECT pg_sleep(3)", deadline_seconds=0.1)
    assert time.monotonic() - began < 1.0
    assert await db.read(scalar, "SELECT 1") == 1
    await db.close()


async def test_a_read_without_a_deadline_has_that_of_the_settings(fresh_dsn: FreshDsn):
    db = database(fresh_dsn("common"), read_deadline_seconds=0.1)
    with pytest.raises(UnavailableError):
        await db.read(scalar, "SELECT pg_sleep(3)")
    await db.close()


async def test_reads_cannot_write(fresh_dsn: FreshDsn):
    db = database(fresh_dsn("common"))
    with pytest.raises(UnavailableError):
        await db.read(make_kept)
    await db.close()


async def test_a_read_may_still_take_a_transaction_id(fresh_dsn: FreshDsn):
    db = database(fresh_dsn("common"))
    assert await db.read(scalar, "SELECT pg_current_xact_id()::text") is not None
    await db.close()


async def test_an_exhausted_pool_says_come_back_later(fresh_dsn: FreshDsn):
    db = database(fresh_dsn("common"), pool_size=1, pool_timeout_seconds=0.1)
    slow = asyncio.create_task(db.run(scalar, "SELECT pg_sleep(1)"))
    await asyncio.sleep(0.1)
    with pytest.raises(UnavailableError):
        await db.run(scalar, "SELECT 1")
    await slow
    assert await db.run(scalar, "SELECT 1") == 1
    await db.close()


async def test_the_pool_leaves_a_server_that_became_read_only(fresh_dsn: FreshDsn):
    db = database(fresh_dsn("common"), pool_size=1)
    await db.run(make_kept)
    before = await db.run(scalar, "SELECT pg_backend_pid()")

    async def demoted(connection: AsyncConnection) -> None:
        await connection.execute(text("SET default_transaction_read_only = on"))
        await connection.execute(text("SET transaction_read_only = on"))
        await insert(connection, "refused")

    with pytest.raises(UnavailableError):
        await db.run(demoted)
    assert await db.run(scalar, "SELECT pg_backend_pid()") != before
    await db.run(insert, "accepted")
    await db.close()


async def test_an_operator_can_stop_writes_by_the_servers_own_switch(fresh_dsn: FreshDsn):
    dsn = fresh_dsn("common")
    name = dsn.rpartition("/")[2]
    operator, db = database(dsn), database(dsn)
    await operator.run(make_kept)
    async with operator.dedicated() as connection:
        switch = f"ALTER DATABASE {name} SET default_transaction_read_only"
        await connection.execute(text(f"{switch} = on"))
        with pytest.raises(UnavailableError):
            await db.run(insert, "refused")
        assert await db.read(scalar, "SELECT count(*) FROM kept") == 0
        await connection.execute(text(f"{switch} = off"))
        await db.run(insert, "accepted")
    await db.close()
    await operator.close()


async def test_a_killed_connection_is_replaced(fresh_dsn: FreshDsn):
    db = database(fresh_dsn("common"), pool_size=1)
    pid = await db.run(scalar, "SELECT pg_backend_pid()")
    await db.read(scalar, f"SELECT pg_terminate_backend({pid})")
    with pytest.raises(UnavailableError):
        await db.run(scalar, "SELECT 1")
    assert await db.run(scalar, "SELECT 1") == 1
    await db.close()


async def test_a_server_that_is_away_is_unavailable_not_a_bug():
    db = database("postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(UnavailableError):
        await db.read(scalar, "SELECT 1")
    await db.close()


async def test_a_database_that_somebody_closed_is_unavailable_until_it_is_opened(
    fresh_dsn: FreshDsn, postgres_server: Server
):
    dsn = fresh_dsn("common")
    db, name = database(dsn), dsn.rpartition("/")[2]
    operator = await asyncpg.connect(postgres_server.dsn("postgres"))
    await operator.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    for attempt in (db.run(scalar, "SELECT 1"), db.read(scalar, "SELECT 1")):
        with pytest.raises(UnavailableError):
            await attempt
    with pytest.raises(UnavailableError):
        await db.read_row(text("SELECT 1 AS one"), {})
    await operator.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    assert await db.run(scalar, "SELECT 1") == 1
    await operator.close()
    await db.close()


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
def test_every_form_of_address_is_understood(scheme: str):
    assert async_url(f"{scheme}://u@h/d") == "postgresql+asyncpg://u@h/d"


async def test_a_plan_from_before_a_migration_is_made_anew(fresh_dsn: FreshDsn):
    db, other = database(fresh_dsn("common")), None

    async def everything(connection: AsyncConnection) -> int:
        return len((await connection.execute(text("SELECT * FROM kept"))).keys())

    async def widen(connection: AsyncConnection, column: str) -> None:
        await connection.execute(text(f"ALTER TABLE kept ADD COLUMN {column} int"))

    await db.run(make_kept)
    other = database(db.settings.dsn.get_secret_value())
    assert await db.run(everything) == await db.read(everything) == 3
    await other.run(widen, "more")
    assert await db.run(everything) == 4
    await other.run(widen, "even_more")
    assert await db.read(everything) == 5
    await other.close()
    await db.close()


async def test_what_goes_wrong_beside_a_dedicated_session_is_not_the_databases_fault(
    fresh_dsn: FreshDsn,
):
    db = database(fresh_dsn("common"))

    async def lock_and_give_up() -> None:
        async with db.dedicated() as connection:
            await connection.execute(text("SELECT pg_advisory_lock(1)"))
            raise TimeoutError

    with pytest.raises(TimeoutError):
        await lock_and_give_up()
    held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
    await until(lambda: _none(db, held))
    await db.close()


async def _none(db, counting: str) -> bool:
    return await db.read(scalar, counting) == 0
