"""The change feed's bound and the relay's watermark, against transactions that stay open."""

from datetime import datetime, timedelta

from sqlalchemy import text

from common import relay_store
from common.clock import wall_time
from common.horizon import Horizon
from common.watermark import Watermark
from libs.common.tests.plumbing import database, scalar, take_notes
from tests.support.postgres import FreshDsn

NUMBERED = text("INSERT INTO numbered DEFAULT VALUES RETURNING number")


async def make_numbered(connection):
    await connection.execute(text("CREATE SEQUENCE numbers"))
    await connection.execute(
        text(
            "CREATE TABLE numbered (xid xid8 DEFAULT pg_current_xact_id(),"
            " number bigint DEFAULT nextval('numbers'))"
        )
    )


async def test_an_unused_sequence_has_nothing_to_show(fresh_dsn: FreshDsn):
    db = database(fresh_dsn("common"))
    await db.run(make_numbered)
    assert await Horizon(db, "numbers").safe_sequence() == 0
    await db.close()


async def test_a_number_is_not_shown_while_a_lower_one_may_still_appear(fresh_dsn: FreshDsn):
    db = database(fresh_dsn("common"))
    await db.run(make_numbered)
    horizon = Horizon(db, "numbers", patience_seconds=0.05)

    async with db.dedicated() as slow:
        await slow.execute(text("BEGIN"))
        await slow.execute(NUMBERED)

        async def insert(connection):
            return (await connection.execute(NUMBERED)).scalar_one()

        assert await db.run(insert) == 2
        assert await horizon.safe_sequence() == 0
        await slow.execute(text("COMMIT"))
    assert await horizon.safe_sequence() == 2
    await db.close()


async def test_a_caller_sees_its_own_committed_write(fresh_dsn: FreshDsn):
    db = database(fresh_dsn("common"))
    await db.run(make_numbered)
    horizon = Horizon(db, "numbers")

    async def insert(connection):
        return (await connection.execute(NUMBERED)).scalar_one()

    for _ in range(5):
        assert await horizon.safe_sequence() < await db.run(insert) <= await horizon.safe_sequence()
    await db.close()


async def test_the_watermark_waits_for_an_open_transaction(fresh_dsn: FreshDsn):
    db = database(fresh_dsn("common"))
    statement = relay_store.fetch_statement(None)
    async with db.dedicated() as lock, db.dedicated() as slow:
        watermark = Watermark(lock, every_seconds=0)

        async def settle() -> datetime | None:
            batch = await relay_store.fetch(lock, statement, shard=0, shards=1, limit=10)
            await relay_store.mark(lock, batch.rows)
            await watermark.settle(batch, full=False, shard=0, shards=1)
            return watermark.reached

        before = await settle()
        await slow.execute(text("BEGIN"))
        await take_notes(slow, ["late"], now=wall_time())
        written = await slow.execute(text("SELECT written_at FROM outbox"))
        written_at = written.scalar_one()
        assert await settle() == before
        await slow.execute(text("COMMIT"))
        await settle()
        reached = await settle()
    assert reached is not None
    assert before is not None
    assert before < written_at < reached
    await db.close()


async def test_the_watermark_moves_on_although_some_transaction_is_always_open(fresh_dsn: FreshDsn):
    db = database(fresh_dsn("common"))
    statement = relay_store.fetch_statement(None)
    async with db.dedicated() as lock, db.dedicated() as first, db.dedicated() as second:
        watermark, reached = Watermark(lock, every_seconds=0), []
        await _write_one(first)
        for ending, beginning in ((first, second), (second, first), (first, second)):
            for look in ("while one is open", "while the next one is"):
                batch = await relay_store.fetch(lock, statement, shard=0, shards=1, limit=10)
                await relay_store.mark(lock, batch.rows)
                await watermark.settle(batch, full=False, shard=0, shards=1)
                if look == "while one is open":
                    await _write_one(beginning)
                    await ending.execute(text("COMMIT"))
            reached.append(watermark.reached)
    assert None not in reached
    assert reached == sorted(set(reached))
    await db.close()


async def _write_one(connection):
    await connection.execute(text("BEGIN"))
    await take_notes(connection, ["one"], now=wall_time())


async def test_the_watermark_stands_while_the_databases_clock_is_ahead(fresh_dsn: FreshDsn):
    db = database(fresh_dsn("common"))
    statement, ahead = relay_store.fetch_statement(None), timedelta(hours=2)
    async with db.dedicated() as lock:
        watermark = Watermark(lock, every_seconds=0, wall_time=lambda: wall_time() - ahead)

        async def settle() -> datetime | None:
            batch = await relay_store.fetch(lock, statement, shard=0, shards=1, limit=10)
            await watermark.settle(batch, full=False, shard=0, shards=1)
            return watermark.reached

        assert await settle() is None
        assert watermark.trouble is not None
        ahead = timedelta()
        assert await settle() is not None
        assert watermark.trouble is None
    await db.close()


async def test_stored_input_that_is_not_processed_holds_the_watermark(fresh_dsn: FreshDsn):
    db = database(fresh_dsn("common"))
    held = await db.read(scalar, "SELECT now()")
    statement = relay_store.fetch_statement("SELECT cast('2026-01-01 00:00:00+00' AS timestamptz)")
    async with db.dedicated() as lock:
        watermark = Watermark(lock, every_seconds=0)
        batch = await relay_store.fetch(lock, statement, shard=0, shards=1, limit=10)
        await watermark.settle(batch, full=False, shard=0, shards=1)
        assert watermark.reached is not None
        assert watermark.reached.year == 2026
        assert watermark.reached.month == 1
        assert isinstance(held, datetime)
        assert watermark.reached < held
    await db.close()
