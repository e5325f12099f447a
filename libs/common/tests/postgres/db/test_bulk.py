"""Rows by COPY fail as statements do, on a real Postgres."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from common.db import Transaction, copy_rows, sqlstate
from common.errors import UnavailableError
from devstack.testing.postgres import FreshDsn
from libs.common.tests.plumbing import database, scalar

COUNT = "SELECT count(*) FROM note"
FAILS_ONCE = (
    "CREATE SEQUENCE attempt",
    """
    CREATE FUNCTION fail_once() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF nextval('attempt') = 1 THEN RAISE SQLSTATE '40001'; END IF;
        RETURN NEW;
    END $$
    """,
    "CREATE TRIGGER fails BEFORE INSERT ON note FOR EACH ROW EXECUTE FUNCTION fail_once()",
)


async def make_notes(connection: Transaction) -> None:
    await connection.execute(
        text(
            "CREATE TABLE note (number int PRIMARY KEY, body jsonb NOT NULL DEFAULT '{}',"
            " at timestamptz NOT NULL DEFAULT clock_timestamp())"
        )
    )


async def copy(connection: Transaction, *numbers: int) -> None:
    await copy_rows(connection, "note", [{"number": n, "body": '{"a": 1}'} for n in numbers])


async def copy_and_fail(connection: Transaction, *numbers: int) -> None:
    await copy(connection, *numbers)
    raise LookupError


async def copy_without_a_server(connection: Transaction) -> None:
    backend = (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one()
    raw = await connection.get_raw_connection()
    driver: Any = raw.driver_connection
    driver.terminate()
    await copy(connection, backend)


async def test_rows_and_defaults_are_committed_with_the_work(fresh_dsn: FreshDsn):
    db = database(fresh_dsn("common"))
    await db.run(make_notes)
    await db.run(copy, 1, 2)
    await db.run(copy)
    assert await db.read(scalar, f"{COUNT} WHERE body = '{{\"a\": 1}}' AND at <= now()") == 2
    await db.close()


async def test_what_is_copied_first_in_a_transaction_is_rolled_back_with_it(fresh_dsn: FreshDsn):
    db = database(fresh_dsn("common"))
    await db.run(make_notes)
    with pytest.raises(LookupError):
        await db.run(copy_and_fail, 1)
    assert await db.read(scalar, COUNT) == 0
    await db.close()


async def test_a_row_that_conflicts_is_our_own_mistake(fresh_dsn: FreshDsn):
    db = database(fresh_dsn("common"))
    await db.run(make_notes)
    with pytest.raises(DBAPIError) as raised:
        await db.run(copy, 1, 1)
    assert sqlstate(raised.value) == "23505"
    assert await db.read(scalar, COUNT) == 0
    await db.close()


async def test_a_serialization_failure_repeats_the_whole_work(fresh_dsn: FreshDsn):
    db = database(fresh_dsn("common"))
    await db.run(make_notes)
    for statement in FAILS_ONCE:
        await db.run(execute, statement)
    await db.run(copy, 1)
    assert await db.read(scalar, COUNT) == 1
    await db.close()


async def test_a_lost_connection_is_no_mistake_and_is_not_used_again(fresh_dsn: FreshDsn):
    db = database(fresh_dsn("common"), max_attempts=1)
    await db.run(make_notes)
    with pytest.raises(UnavailableError):
        await db.run(copy_without_a_server)
    await db.run(copy, 1)
    assert await db.read(scalar, COUNT) == 1
    await db.close()


async def execute(connection: Transaction, statement: str) -> None:
    await connection.execute(text(statement))
