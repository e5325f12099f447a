"""The migrations fit a database that is in use, and can be reverted."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import asyncpg

from common.migrations import downgrade, upgrade
from devstack.testing.postgres import FreshDsn
from devstack.testing.wait import until
from identity.customers.domain.identifiers import Level, PresentedIdentifier
from identity.matching.store.queue import insert_customers_of_before
from identity.wiring import MIGRATIONS
from services.identity.tests.harness import Actor, running

BUILDING = "SELECT to_regclass('identifier_of_older_normaliser')::text"
ANNA = UUID(int=1)
FILE = "SELECT pg_relation_filenode('identifier')"
INDEX = """
    SELECT indisvalid FROM pg_index
    WHERE indexrelid = to_regclass('identifier_of_older_normaliser')
"""


async def _connected(dsn: str, work: Callable[[asyncpg.Connection], Awaitable[Any]]) -> Any:
    connection = await asyncpg.connect(dsn)
    try:
        return await work(connection)
    finally:
        await connection.close()


async def _insert(connection: asyncpg.Connection) -> None:
    await connection.execute(
        "INSERT INTO customer (tenant_id, id, version, created_at, updated_at, attributes)"
        " VALUES ('demo', $1, 1, now(), now(), '{}')",
        ANNA,
    )
    await connection.executemany(
        "INSERT INTO identifier (tenant_id, type, scope, value, raw, level, customer_id,"
        " normaliser_version, first_seen_at)"
        " VALUES ('demo', 'cookie', '', $2, $2, 'claimed', $1, 1, now())",
        [(ANNA, f"c-{number}") for number in range(1_000)],
    )


async def test_a_populated_table_gets_the_index_of_older_keys_without_a_rewrite(
    fresh_owner_dsn: FreshDsn,
):
    dsn = fresh_owner_dsn("identity")
    await asyncio.to_thread(downgrade, MIGRATIONS, dsn, revision="2026_11_30_0002")
    await _connected(dsn, _insert)
    before = await _connected(dsn, lambda connection: connection.fetchval(FILE))
    await asyncio.to_thread(upgrade, MIGRATIONS, dsn)
    assert await _connected(dsn, lambda connection: connection.fetchval(FILE)) == before
    assert await _connected(dsn, lambda connection: connection.fetchval(INDEX)) is True


async def test_the_index_is_built_while_others_write(fresh_owner_dsn: FreshDsn):
    """A plain CREATE INDEX would wait for this writer, hold up the next and give up after 2 s."""
    dsn = fresh_owner_dsn("identity")
    await asyncio.to_thread(downgrade, MIGRATIONS, dsn, revision="2026_11_30_0002")
    await _connected(dsn, _insert)
    connection = await asyncpg.connect(dsn)
    try:
        writing = connection.transaction()
        await writing.start()
        await connection.execute("UPDATE identifier SET level = 'verified' WHERE value = 'c-1'")
        migrating = asyncio.create_task(asyncio.to_thread(upgrade, MIGRATIONS, dsn))
        await until(lambda: _connected(dsn, lambda c: c.fetchval(BUILDING)), 30.0)
        await asyncio.wait_for(
            _connected(
                dsn,
                lambda c: c.execute("UPDATE identifier SET level = 'verified' WHERE value = 'c-2'"),
            ),
            timeout=2.0,
        )
        await writing.commit()
        await migrating
    finally:
        await connection.close()
    assert await _connected(dsn, lambda c: c.fetchval(INDEX)) is True


async def test_groups_are_added_to_a_populated_database_and_taken_away_again(
    fresh_owner_dsn: FreshDsn,
):
    """References to `customer` need a lock of it, and scan nothing, however many rows it has."""
    dsn = fresh_owner_dsn("identity")
    await asyncio.to_thread(downgrade, MIGRATIONS, dsn, revision="2026_11_30_0003")
    await _connected(dsn, _insert)
    await asyncio.to_thread(upgrade, MIGRATIONS, dsn)
    await _connected(dsn, _join)
    await asyncio.to_thread(downgrade, MIGRATIONS, dsn, revision="2026_11_30_0003")
    await asyncio.to_thread(upgrade, MIGRATIONS, dsn)
    count = "SELECT (SELECT count(*) FROM identifier), (SELECT count(*) FROM group_member)"
    assert tuple(await _connected(dsn, lambda c: c.fetchrow(count))) == (1_000, 0)


async def _join(connection: asyncpg.Connection) -> None:
    await connection.execute(
        "INSERT INTO customer_group (tenant_id, id, version, kind, source, external_id,"
        " attributes, member_count, created_at, updated_at)"
        " VALUES ('demo', $1, 1, 'household', 'crm', 'H-1', '{}', 1, now(), now())",
        ANNA,
    )
    await connection.execute(
        "INSERT INTO group_member (tenant_id, group_id, customer_id, role, added_at)"
        " VALUES ('demo', $1, $1, 'parent', now())",
        ANNA,
    )


async def test_customers_of_before_keep_their_partition(fresh_owner_dsn: FreshDsn):
    """Evidence needs no rewrite: what was one customer's stays together, whatever it is."""
    dsn = fresh_owner_dsn("identity")
    await asyncio.to_thread(downgrade, MIGRATIONS, dsn, revision="2026_11_30_0004")
    await _connected(dsn, _insert_customer_of_before)
    before = await _connected(dsn, lambda connection: connection.fetchval(FILE))
    await asyncio.to_thread(upgrade, MIGRATIONS, dsn)
    assert await _connected(dsn, lambda connection: connection.fetchval(FILE)) == before
    async with running(dsn) as service:
        actor = Actor(service)
        # The first number conflicts with the second: only what is new is decided by the rules.
        for shown in (
            [OWN[0], PresentedIdentifier("phone", "+46701740601", None, Level.VERIFIED)],
            [OWN[2], PresentedIdentifier("cookie", "c-9", None, Level.CHANNEL_PROVED)],
        ):
            met = await actor.meet(*shown)
            assert (met.customer_id, met.split, met.moved) == (ANNA, (), ())
        rows = await actor.rows("SELECT rule, count(*) AS n FROM link GROUP BY rule ORDER BY rule")
        assert {row.rule: row.n for row in rows} == {"before-evidence": 3, "together": 2}
        owners = await actor.rows("SELECT DISTINCT customer_id FROM identifier")
        assert [row.customer_id for row in owners] == [ANNA]


async def test_rules_are_added_to_a_populated_database_and_taken_away_again(
    fresh_owner_dsn: FreshDsn,
):
    """What was decided before was decided by the settings: version 0, without a rewrite."""
    dsn = fresh_owner_dsn("identity")
    await asyncio.to_thread(downgrade, MIGRATIONS, dsn, revision="2026_11_30_0012")
    await _connected(dsn, _insert_merge)
    file = "SELECT pg_relation_filenode('merge_log')"
    before = await _connected(dsn, lambda connection: connection.fetchval(file))
    await asyncio.to_thread(upgrade, MIGRATIONS, dsn)
    assert await _connected(dsn, lambda connection: connection.fetchval(file)) == before
    versions = "SELECT array_agg(rules_version) FROM merge_log"
    assert await _connected(dsn, lambda connection: connection.fetchval(versions)) == [0]
    await asyncio.to_thread(downgrade, MIGRATIONS, dsn, revision="2026_11_30_0012")
    await asyncio.to_thread(upgrade, MIGRATIONS, dsn)
    assert await _connected(dsn, lambda connection: connection.fetchval(versions)) == [0]


async def _insert_merge(connection: asyncpg.Connection) -> None:
    await connection.execute(
        "INSERT INTO merge_log (tenant_id, merge_id, survivor_id, absorbed_ids, reason, rule,"
        " actor, evidence, before, merged_at)"
        " VALUES ('demo', $1::uuid, $1, ARRAY[$1::uuid], '', '', '', '[]', '[]', now())",
        ANNA,
    )


OWN = [
    PresentedIdentifier("external_id", "1", "shop", Level.VERIFIED),
    PresentedIdentifier("external_id", "2", "shop", Level.VERIFIED),
    PresentedIdentifier("email", "anna@nordlys.se", None, Level.CHANNEL_PROVED),
]


async def _insert_customer_of_before(connection: asyncpg.Connection) -> None:
    await connection.execute(
        "INSERT INTO customer (tenant_id, id, version, created_at, updated_at, attributes)"
        " VALUES ('demo', $1, 1, now(), now(), '{}')",
        ANNA,
    )
    await connection.execute(
        "INSERT INTO customer_alias (tenant_id, origin_id, canonical_id) VALUES ('demo', $1, $1)",
        ANNA,
    )
    await connection.executemany(
        "INSERT INTO identifier (tenant_id, type, scope, value, raw, level, customer_id,"
        " normaliser_version, first_seen_at) VALUES ('demo', $2, $3, $4, $4, $5, $1, 2, now())",
        [(ANNA, own.type, own.scope or "", own.value, own.level.label) for own in OWN],
    )


async def test_a_log_of_merges_in_use_gets_its_index_and_outlives_customers(
    fresh_owner_dsn: FreshDsn,
):
    dsn = fresh_owner_dsn("identity")
    await asyncio.to_thread(downgrade, MIGRATIONS, dsn, revision="2026_11_30_0005")

    async def merge(connection: asyncpg.Connection) -> None:
        await _insert(connection)
        await connection.execute(
            "INSERT INTO merge_log (tenant_id, merge_id, survivor_id, absorbed_ids, reason, rule,"
            " actor, evidence, before, merged_at)"
            " SELECT 'demo', gen_random_uuid(), $1, ARRAY[gen_random_uuid()], '', '', '', '[]',"
            " '[]', now() FROM generate_series(1, 1000)",
            ANNA,
        )

    async def erase(connection: asyncpg.Connection) -> int:
        await connection.execute("DELETE FROM identifier")
        await connection.execute("DELETE FROM customer")
        return int(await connection.fetchval("SELECT count(*) FROM merge_log"))

    file = "SELECT pg_relation_filenode('merge_log')"
    await _connected(dsn, merge)
    before = await _connected(dsn, lambda connection: connection.fetchval(file))
    await asyncio.to_thread(upgrade, MIGRATIONS, dsn)
    assert await _connected(dsn, lambda connection: connection.fetchval(file)) == before
    assert await _connected(dsn, erase) == 1_000
    await asyncio.to_thread(downgrade, MIGRATIONS, dsn, revision="2026_11_30_0005")


async def test_an_index_does_not_wait_for_the_migration_itself(fresh_owner_dsn: FreshDsn):
    """It waited 30 s for a snapshot of the migration's own transaction, then locked the table."""
    dsn = fresh_owner_dsn("identity")
    await asyncio.to_thread(downgrade, MIGRATIONS, dsn, revision="2026_11_30_0003")
    await _connected(dsn, _insert)
    async with asyncio.timeout(20):
        await asyncio.to_thread(upgrade, MIGRATIONS, dsn)
    is_valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('identifier_of_one')"
    assert await _connected(dsn, lambda c: c.fetchval(is_valid)) is True


async def test_customers_that_exist_are_queued_for_matching(fresh_owner_dsn: FreshDsn):
    dsn = fresh_owner_dsn("identity")
    await asyncio.to_thread(downgrade, MIGRATIONS, dsn, revision="2026_11_30_0008")
    await _connected(dsn, _insert)
    await asyncio.to_thread(upgrade, MIGRATIONS, dsn)
    async with running(dsn) as service:
        actor = Actor(service)
        assert await actor.database.run(insert_customers_of_before, count=10) == 1
        [queued] = await actor.rows("SELECT customer_id FROM match_queue")
        assert queued.customer_id == ANNA
        assert await actor.database.run(insert_customers_of_before, count=10) == 0
        assert await actor.rows("SELECT 1 FROM match_backfill") == []


async def test_what_likeness_joined_stays_one_customer(fresh_owner_dsn: FreshDsn):
    """The version before knows no such link; the one after must find it again."""
    dsn = fresh_owner_dsn("identity")
    await _connected(dsn, lambda c: c.execute(ALIKE))
    await asyncio.to_thread(downgrade, MIGRATIONS, dsn, revision="2026_11_30_0008")
    rule = "SELECT rule FROM link"
    assert await _connected(dsn, lambda c: c.fetchval(rule)) == "before-evidence"
    await asyncio.to_thread(upgrade, MIGRATIONS, dsn)
    assert await _connected(dsn, lambda c: c.fetchval(rule)) == "before-evidence"


ALIKE = """
    INSERT INTO link (tenant_id, low_type, low_scope, low_value, high_type, high_scope, high_value,
                      rule, first_seen_at, last_seen_at)
    VALUES ('demo', 'email', '', 'anna@nordlys.se', 'phone', '', '+46701740601', 'alike', now(),
            now())
"""
