"""The migrations build what the code expects, and can be reverted."""

import asyncio

import asyncpg

from common.db import Database
from common.ids import new_id
from common.migrations import downgrade, upgrade
from common.settings import PostgresSettings
from interactions.context.consumers.customers import customers_stream
from interactions.context.usecases.rekey_customers import rekey_customers
from interactions.history import record_interactions
from interactions.privacy.usecases.erase_people import begin_erasures
from interactions.wiring import MIGRATIONS
from services.interactions.tests.context_rows import (
    an_interaction,
    merged,
    read_all,
    redirected,
    unmerged,
)
from services.interactions.tests.factories import NOON, a_draft, recording


async def test_the_growing_tables_are_partitioned(fresh_owner_dsn):
    connection = await asyncpg.connect(fresh_owner_dsn("interactions"))
    try:
        rows = await connection.fetch(
            "SELECT inhparent::regclass::text AS parent, count(*) AS parts"
            " FROM pg_inherits JOIN pg_partitioned_table ON partrelid = inhparent GROUP BY 1"
        )
    finally:
        await connection.close()
    parts = {row["parent"]: row["parts"] for row in rows}
    assert parts["interaction"] == 16
    assert parts["provider_message"] == 16
    assert parts["raw_delivery"] > 7


async def test_a_populated_database_gets_the_locale_without_a_rewrite(fresh_owner_dsn):
    dsn = fresh_owner_dsn("interactions")
    await asyncio.to_thread(downgrade, MIGRATIONS, dsn, revision="2026_11_27_0003")
    database = Database(PostgresSettings(dsn=dsn), service="interactions")
    try:
        await database.run(lambda tx: an_interaction(tx, new_id()))
        before = await _fetch(dsn, _FILES)
        await asyncio.to_thread(upgrade, MIGRATIONS, dsn)
        assert await _fetch(dsn, _FILES) == before
        await database.run(record_interactions, recording(a_draft(locale="pt-BR")), now=NOON)
    finally:
        await database.close()
    rows = await _fetch(dsn, "SELECT locale FROM interaction ORDER BY sequence")
    assert [row["locale"] for row in rows] == [None, "pt-BR"]


async def test_a_populated_database_gets_empty_keys_that_are_filled_from_profiles(fresh_owner_dsn):
    """The foldings of before could hit another customer, so none of them is kept."""
    dsn, customer = fresh_owner_dsn("interactions"), new_id()
    await asyncio.to_thread(downgrade, MIGRATIONS, dsn, revision="2026_11_30_0006")
    database = Database(PostgresSettings(dsn=dsn), service="interactions")
    try:
        await _execute(dsn, _PROFILE, customer)
        await _execute(dsn, _FOLDED, customer)
        before = await _fetch(dsn, _PROFILE_FILE)
        await asyncio.to_thread(upgrade, MIGRATIONS, dsn)
        assert await _fetch(dsn, _PROFILE_FILE) == before
        assert await _fetch(dsn, "SELECT * FROM known_identifier") == []
        while not (await database.run(rekey_customers, count=10)).finished:
            pass
    finally:
        await database.close()
    [row] = await _fetch(dsn, "SELECT lookup_key, customer_id FROM known_identifier")
    assert tuple(row) == ("0015A00000Gv7qJ", customer)


async def test_clocks_of_a_customer_get_their_index_without_a_rewrite(fresh_owner_dsn):
    dsn, customer = fresh_owner_dsn("interactions"), new_id()
    await asyncio.to_thread(downgrade, MIGRATIONS, dsn, revision="2026_11_30_0009")
    await _execute(dsn, _CLOCKS, customer)
    before = await _fetch(dsn, _CLOCK_FILE)
    await asyncio.to_thread(upgrade, MIGRATIONS, dsn)
    assert await _fetch(dsn, _CLOCK_FILE) == before
    plan = await _fetch(dsn, f"EXPLAIN DELETE FROM sla_clock WHERE customer_id = '{customer}'")
    assert "sla_clock_of_customer" in "".join(str(row) for row in plan)
    await asyncio.to_thread(downgrade, MIGRATIONS, dsn, revision="2026_11_30_0009")
    [row] = await _fetch(dsn, "SELECT count(*) AS number FROM sla_clock")
    assert row["number"] == 20_000


_CLOCKS = """
    INSERT INTO sla_clock (tenant_id, clock_id, conversation_id, customer_id, version, metric,
                           cycle, state, body, recorded_at)
    SELECT 'demo', gen_random_uuid(), gen_random_uuid(),
           CASE WHEN n = 7 THEN $1 ELSE gen_random_uuid() END, 1, 'first_response', n, 'met', '{}',
           now()
    FROM generate_series(1, 20000) AS n
"""
_CLOCK_FILE = "SELECT pg_relation_filenode('sla_clock')"
_PROFILE = """
    INSERT INTO customer_profile (tenant_id, customer_id, identifiers, version, updated_at)
    VALUES ('demo', $1, '[{"type": "external_id", "value": "0015A00000Gv7qJ", "scope": "crm",
                           "level": "verified"}]', 1, now())
"""
_FOLDED = """
    INSERT INTO known_identifier (tenant_id, type, scope, lookup_key, customer_id, level)
    VALUES ('demo', 'external_id', 'crm', '0015a00000gv7qj', $1, 'verified')
"""
_PROFILE_FILE = "SELECT pg_relation_filenode('customer_profile')"

_FILES = """
    SELECT relid::text, pg_relation_filenode(relid)
      FROM pg_partition_tree('interaction') ORDER BY relid
"""
"""The file of each partition. A rewrite would give it another one."""


async def _execute(dsn, statement, *values):
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement, *values)
    finally:
        await connection.close()


async def _fetch(dsn, statement):
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetch(statement)
    finally:
        await connection.close()


async def test_a_populated_database_keeps_its_aliases_and_lets_go_of_them_when_undone(
    fresh_owner_dsn,
):
    """Aliases from before pointers were kept say only where ids lead in the end."""
    dsn = fresh_owner_dsn("interactions")
    a, b, c, other = (new_id() for _ in range(4))
    await asyncio.to_thread(downgrade, MIGRATIONS, dsn, revision="2026_11_30_0008")
    for origin, canonical in ((a, b), (b, b), (c, c), (other, other)):
        await _execute(dsn, _ALIAS, origin, canonical)
    await _execute(dsn, _PROFILE, b)
    before = await _fetch(dsn, _COPIES)
    await asyncio.to_thread(upgrade, MIGRATIONS, dsn)
    assert await _fetch(dsn, _COPIES) == before
    database = Database(PostgresSettings(dsn=dsn), service="interactions")
    stream = customers_stream(begin_erasures)
    undoing = [unmerged(each, c, {b: (3, [a])}, sequence=n) for each, n in ((c, 5), (b, 3))]
    try:
        for records in (
            [redirected(b, c, sequence=2)],
            [merged(c, [a, b], sequence=2)],
            undoing,
        ):
            await database.run(stream.apply, read_all(stream, records), now=NOON)
    finally:
        await database.close()
    aliases = await _fetch(dsn, "SELECT origin_id, canonical_id FROM customer_alias")
    assert dict(map(tuple, aliases)) == {a: b, b: b, c: c, other: other}
    [base] = await _fetch(
        dsn, f"SELECT content FROM customer_version WHERE is_base AND customer_id = '{b}'"
    )
    assert base["content"]


_ALIAS = "INSERT INTO customer_alias (tenant_id, origin_id, canonical_id) VALUES ('demo', $1, $2)"
_COPIES = """
    SELECT pg_relation_filenode('customer_profile') AS profile,
           pg_relation_filenode('customer_alias') AS alias
"""
