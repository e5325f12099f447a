"""The newest migration can be taken back and made again."""

import asyncio
import time
from uuid import uuid4

import asyncpg
import pytest

from common.migrations import downgrade, indexes, upgrade
from devstack.testing.postgres import FreshDsn
from sla.wiring import MIGRATIONS


async def test_down_and_up(fresh_owner_dsn: FreshDsn):
    dsn = fresh_owner_dsn("sla")
    await asyncio.to_thread(downgrade, MIGRATIONS, dsn, revision="-1")
    await asyncio.to_thread(upgrade, MIGRATIONS, dsn)


async def test_an_index_is_built_while_others_write_to_its_table(
    fresh_owner_dsn: FreshDsn, monkeypatch: pytest.MonkeyPatch
):
    """With no limit to its waiting, an index that waits for itself is never built."""
    monkeypatch.setattr(indexes, "LOCK_TIMEOUT", "0")
    dsn = fresh_owner_dsn("sla")
    await asyncio.to_thread(downgrade, MIGRATIONS, dsn, revision="2026_11_27_0002")
    writer = await asyncpg.connect(dsn)
    try:
        await _insert_clocks(writer, 20_000)
        upgrading = asyncio.create_task(asyncio.to_thread(upgrade, MIGRATIONS, dsn))
        waits = []
        while not upgrading.done():
            began = time.monotonic()
            await writer.execute("UPDATE clock SET reason = 'x' WHERE cycle = 1")
            waits.append(time.monotonic() - began)
            await asyncio.sleep(0.005)
        await upgrading
        assert waits
        valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('clock_resting')"
        assert await writer.fetchval(valid) is True
        plan = await writer.fetch(
            "EXPLAIN SELECT state FROM clock"
            " WHERE ended_at IS NULL AND state IN ('paused', 'breached')"
        )
        assert "clock_resting" in "".join(str(row) for row in plan)
    finally:
        await writer.close()


async def test_clocks_of_before_have_no_opener_and_their_folds_are_made_again(
    fresh_owner_dsn: FreshDsn,
):
    dsn = fresh_owner_dsn("sla")
    await asyncio.to_thread(downgrade, MIGRATIONS, dsn, revision="2026_11_30_0004")
    connection = await asyncpg.connect(dsn)
    try:
        await _insert_clocks(connection, 1_000)
        conversation = uuid4()
        await connection.execute("INSERT INTO fold VALUES ('demo', $1, 1, 9, '{}')", conversation)
        await connection.execute(
            "INSERT INTO checkpoint VALUES ('demo', $1, 1, 1, 1, '{}', 1, 1, NULL, '[]')",
            conversation,
        )
        clocks = "SELECT count(*) FROM clock WHERE NOT superseded"
        await asyncio.to_thread(upgrade, MIGRATIONS, dsn)
        assert await connection.fetchval(f"{clocks} AND opener_at IS NULL") == 1_000
        assert await connection.fetchval("SELECT count(*) FROM fold") == 0
        assert await connection.fetchval("SELECT count(*) FROM checkpoint") == 0
        await asyncio.to_thread(downgrade, MIGRATIONS, dsn, revision="2026_11_30_0004")
        assert await connection.fetchval(clocks) == 1_000
    finally:
        await connection.close()


async def test_clocks_of_a_customer_get_their_index_while_others_write(fresh_owner_dsn: FreshDsn):
    dsn, customer_id = fresh_owner_dsn("sla"), uuid4()
    await asyncio.to_thread(downgrade, MIGRATIONS, dsn, revision="2026_11_30_0008")
    writer = await asyncpg.connect(dsn)
    try:
        await _insert_clocks(writer, 20_000)
        await writer.execute("UPDATE clock SET customer_id = $1 WHERE cycle = 7", customer_id)
        upgrading = asyncio.create_task(asyncio.to_thread(upgrade, MIGRATIONS, dsn))
        written = 0
        while not upgrading.done():
            await writer.execute("UPDATE clock SET reason = 'x' WHERE cycle = 1")
            written += 1
            await asyncio.sleep(0.005)
        await upgrading
        assert written
        plan = await writer.fetch(
            "EXPLAIN SELECT clock_id FROM clock WHERE customer_id = $1", customer_id
        )
        assert "clock_of_customer" in "".join(str(row) for row in plan)
        assert await writer.fetchval("SELECT count(*) FROM erasure_work") == 0
        await asyncio.to_thread(downgrade, MIGRATIONS, dsn, revision="2026_11_30_0008")
        kept = "SELECT count(*) FROM clock WHERE customer_id = $1"
        assert await writer.fetchval(kept, customer_id) == 1
    finally:
        await writer.close()


async def _insert_clocks(connection: asyncpg.Connection, number: int) -> None:
    await connection.execute(
        """
        INSERT INTO clock (tenant_id, clock_id, conversation_id, metric, cycle, state, policy_id,
            policy_version, policy_name, target_seconds, started_at, ended_at, in_force_at, silent,
            superseded, test, pauses, warnings, warned, version, source_partition)
        SELECT 'demo', gen_random_uuid(), gen_random_uuid(), 'first_response', n,
            CASE WHEN n % 100 = 0 THEN 'paused' ELSE 'met' END, gen_random_uuid(),
            1, 'p', 60, now(), CASE WHEN n % 100 > 0 THEN now() END, now(), false,
            false, false, '[]', '[]', '[]', 1, 0
        FROM generate_series(1, $1) AS n
        """,
        number,
    )
