"""The change feed's bound and the relay's watermark, against transactions that stay open."""

from datetime import datetime, timedelta

from sqlalchemy import text

from common.db import Horizon, wall_time
from common.messaging.outbox import relay_store
from common.messaging.outbox.watermark import Watermark
from devstack.testing.postgres import FreshDsn
from libs.common.tests.plumbing import database, scalar, take_notes

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
        watermark = Watermark()

        async def settle() -> datetime | None:
            batch = await relay_store.fetch(lock, statement, shard=0, shards=1, limit=10)
            await relay_store.mark(lock, batch.rows)
            watermark.advance(batch, full=False)
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
        watermark, reached = Watermark(), []
        await _write_one(first)
        for ending, beginning in ((first, second), (second, first), (first, second)):
            for look in ("while one is open", "while the next one is"):
                batch = await relay_store.fetch(lock, statement, shard=0, shards=1, limit=10)
                await relay_store.mark(lock, batch.rows)
                watermark.advance(batch, full=False)
                if look == "while one is open":
                    await _write_one(beginning)
                    await ending.execute(text("COMMIT"))
            reached.append(watermark.reached)
    assert None not in reached
    assert reached == sorted({moment for moment in reached if moment is not None})
    await db.close()


async def _write_one(connection):
    await connection.execute(text("BEGIN"))
    await take_notes(connection, ["one"], now=wall_time())


async def test_the_watermark_stands_while_the_databases_clock_is_ahead(fresh_dsn: FreshDsn):
    db = database(fresh_dsn("common"))
    statement, ahead = relay_store.fetch_statement(None), timedelta(hours=2)
    async with db.dedicated() as lock:
        watermark = Watermark(wall_time=lambda: wall_time() - ahead)

        async def settle() -> datetime | None:
            batch = await relay_store.fetch(lock, statement, shard=0, shards=1, limit=10)
            watermark.advance(batch, full=False)
            return watermark.reached

        assert await settle() is None
        troubles = [watermark.trouble]
        ahead = timedelta()
        assert await settle() is not None
        troubles.append(watermark.trouble)
        assert [trouble is None for trouble in troubles] == [False, True]
    await db.close()


async def test_stored_input_that_is_not_processed_holds_the_watermark(fresh_dsn: FreshDsn):
    db = database(fresh_dsn("common"))
    held = await db.read(scalar, "SELECT now()")
    statement = relay_store.fetch_statement("SELECT cast('2026-01-01 00:00:00+00' AS timestamptz)")
    async with db.dedicated() as lock:
        watermark = Watermark()
        batch = await relay_store.fetch(lock, statement, shard=0, shards=1, limit=10)
        watermark.advance(batch, full=False)
        assert watermark.reached is not None
        assert watermark.reached.year == 2026
        assert watermark.reached.month == 1
        assert isinstance(held, datetime)
        assert watermark.reached < held
    await db.close()


class Backlog:
    """A relay that publishes two rows at a time, and a vault of input that waits."""

    def __init__(self, connection) -> None:
        self._connection = connection
        self._statement = relay_store.fetch_statement("SELECT min(received_at) FROM vault")
        self._watermark = Watermark()

    async def relay_two(self) -> datetime | None:
        """Publish two rows, and return how far the watermark has come."""
        batch = await relay_store.fetch(
            self._connection, self._statement, shard=0, shards=1, limit=2
        )
        await relay_store.mark(self._connection, batch.rows)
        self._watermark.advance(batch, full=len(batch.rows) == 2)
        return self._watermark.reached

    async def write(self, count: int) -> None:
        await take_notes(self._connection, [f"note {n}" for n in range(count)], now=wall_time())

    async def receive(self) -> datetime:
        result = await self._connection.execute(
            text("INSERT INTO vault VALUES (clock_timestamp()) RETURNING received_at")
        )
        received_at: datetime = result.scalar_one()
        return received_at

    async def process(self) -> None:
        """Write what is in the vault, as long after it was received as it may be."""
        await self._connection.execute(text("DELETE FROM vault"))
        await self.write(4)


async def make_vault(connection):
    await connection.execute(text("CREATE TABLE vault (received_at timestamptz)"))


async def test_held_input_holds_the_watermark_until_its_rows_have_left_a_backlog(
    fresh_dsn: FreshDsn,
):
    db = database(fresh_dsn("common"))
    await db.run(make_vault)
    async with db.dedicated() as connection:
        backlog = Backlog(connection)
        received_at = await backlog.receive()
        assert await backlog.relay_two() == received_at
        await backlog.process()
        assert await backlog.relay_two() == received_at
        passed = await backlog.relay_two()
        assert passed is not None
        assert passed > received_at
    await db.close()


async def test_the_watermark_moves_on_through_a_backlog_that_never_ends(fresh_dsn: FreshDsn):
    db = database(fresh_dsn("common"))
    await db.run(make_vault)
    async with db.dedicated() as connection:
        backlog, reached = Backlog(connection), []
        await backlog.write(8)
        for _ in range(10):
            began = wall_time()
            reached.append((await backlog.relay_two(), began))
            await backlog.write(2)
    # Eight rows are always ahead: it takes five rounds until what one saw is published.
    assert [at for at, _ in reached[:3]] == [None] * 3
    known = [(at, began) for at, began in reached if at is not None]
    assert len(known) == 7
    assert [at for at, _ in known] == sorted({at for at, _ in known})
    assert all(at < began for at, began in known[1:])
    await db.close()
