"""The role as which a service runs changes rows and days, and nothing else of its database."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from common.db import wall_time
from common.migrations import upgrade
from common.service import Maintenance
from common.settings import RelaySettings
from devstack.servers.roles import runtime_role
from devstack.testing.fake_clock import FakeClock
from devstack.testing.postgres import ROOT, FreshDsn, connected
from libs.common.tests.plumbing import database, scalar

SERVICES = ("identity", "interactions", "sla")
PARTITIONED = {
    "identity": ("outbox", "inbox"),
    "interactions": ("outbox", "inbox", "raw_delivery"),
    "sla": ("outbox", "inbox", "alert"),
}
CHANGES_OF_THE_SCHEMA = (
    "CREATE TABLE mine (x int)",
    "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "ALTER TABLE api_key ADD COLUMN mine int",
    "ALTER TABLE outbox DETACH PARTITION outbox_default",
    "ALTER SEQUENCE outbox_position RESTART",
    "SELECT setval('outbox_position', 1)",
    "CREATE INDEX ON api_key (name)",
    "DROP TABLE inbox",
    "DROP INDEX outbox_unpublished",
    "TRUNCATE outbox",
    "ALTER FUNCTION drop_day RESET search_path",
    "SET session_replication_role = replica",
)
CHANGES_OF_WHAT_STAYS = (
    "DELETE FROM outbox",
    "DELETE FROM api_key",
    "UPDATE inbox SET body_hash = ''",
    "DELETE FROM inbox",
    "DELETE FROM inbox_default",
    "UPDATE alembic_version SET version_num = ''",
)


@pytest.mark.parametrize("service", SERVICES)
async def test_it_may_not_change_the_schema_nor_rows_that_stay(fresh_dsn: FreshDsn, service: str):
    async with connected(fresh_dsn(service)) as connection:
        assert await connection.fetchval("SELECT current_user") == runtime_role(service)
        for statement in (*CHANGES_OF_THE_SCHEMA, *CHANGES_OF_WHAT_STAYS):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)


@pytest.mark.parametrize("service", SERVICES)
async def test_it_may_read_and_add_to_every_table_and_empty_none(fresh_dsn: FreshDsn, service: str):
    query = """
        SELECT c.relname, has_table_privilege(c.oid, 'SELECT')
            AND has_table_privilege(c.oid, 'INSERT'),
            has_table_privilege(c.oid, 'TRUNCATE, REFERENCES, TRIGGER, MAINTAIN')
        FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
            AND NOT c.relispartition AND c.relname <> 'alembic_version'
    """
    async with connected(fresh_dsn(service)) as connection:
        rows = await connection.fetch(query)
    assert len(rows) > 8
    assert {tuple(row)[1:] for row in rows} == {(True, False)}


@pytest.mark.parametrize(
    ("table", "changes"),
    [("sla.fact", "SELECT, INSERT"), ("sla.ruleset", "SELECT, INSERT"),
     ("interactions.raw_delivery_key", "SELECT, INSERT"), ("identity.rule_set", "SELECT, INSERT"),
     ("sla.clock", "SELECT, INSERT, UPDATE"), ("sla.alert", "SELECT, INSERT, UPDATE"),
     ("identity.customer", "SELECT, INSERT, UPDATE, DELETE"),
     ("interactions.unresolved", "SELECT, INSERT, UPDATE, DELETE")],
)  # fmt: skip
async def test_a_table_gives_the_rights_that_its_service_needs(
    fresh_dsn: FreshDsn, table: str, changes: str
):
    service, _, name = table.partition(".")
    verbs = ("SELECT", "INSERT", "UPDATE", "DELETE")
    async with connected(fresh_dsn(service)) as connection:
        granted = [
            verb
            for verb in verbs
            if await connection.fetchval("SELECT has_table_privilege($1, $2)", name, verb)
        ]
    assert ", ".join(granted) == changes


@pytest.mark.parametrize("function", ["create_day", "drop_day"])
@pytest.mark.parametrize(
    "arguments",
    ["'fact', '2026-03-02'", "'api_key', '2026-03-02'", "'outbox; DROP TABLE fact', '2026-03-02'",
     "'public.outbox', '2026-03-02'", "'outbox', 'infinity'", "'outbox', '0044-03-15 BC'"],
)  # fmt: skip
async def test_the_functions_touch_no_table_but_those_with_days(
    fresh_dsn: FreshDsn, function: str, arguments: str
):
    async with connected(fresh_dsn("sla")) as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="has no day"):
            await connection.execute(f"SELECT {function}({arguments})")


async def test_a_day_that_is_not_there_cannot_be_dropped(fresh_dsn: FreshDsn):
    async with connected(fresh_dsn("sla")) as connection:
        with pytest.raises(asyncpg.UndefinedTableError, match="no partition"):
            await connection.execute("SELECT drop_day('outbox', '2026-03-02')")


async def test_the_functions_ignore_tables_of_the_callers_session(fresh_dsn: FreshDsn):
    async with connected(fresh_dsn("sla")) as connection:
        for name in ("outbox", "outbox_default", "outbox_20260302"):
            await connection.execute(f"CREATE TEMP TABLE {name} (written_at timestamptz)")
        await connection.execute("SELECT create_day('outbox', '2026-03-02')")
        query = "SELECT to_regclass('public.outbox_20260302') IS NOT NULL"
        assert await connection.fetchval(query) is True
        await connection.execute("SELECT drop_day('outbox', '2026-03-02')")
        assert await connection.fetchval(query) is False


async def test_nobody_else_may_call_the_functions(fresh_dsn: FreshDsn):
    fresh_dsn("identity")
    async with connected(fresh_dsn("sla")) as connection:
        for name in ("create_day", "drop_day"):
            query = f"SELECT has_function_privilege($1, '{name}(text, date)', 'EXECUTE')"
            assert await connection.fetchval(query, runtime_role("sla")) is True
            assert await connection.fetchval(query, runtime_role("identity")) is False


@pytest.mark.parametrize("service", SERVICES)
async def test_housekeeping_makes_and_drops_days(fresh_dsn: FreshDsn, service: str):
    tables = PARTITIONED[service]
    clock = FakeClock()
    first = clock.now().date()
    db = database(fresh_dsn(service))
    housekeeping = Maintenance(db, RelaySettings(), clock=clock, daily_tables=tables)

    async def has(table: str) -> object:
        return await db.read(scalar, f"SELECT to_regclass('{table}_{first:%Y%m%d}') IS NOT NULL")

    try:
        await housekeeping.keep_house()
        assert [await has(table) for table in tables] == [True] * len(tables)
        clock.advance(15 * 86_400)
        await housekeeping.keep_house()
        assert [await has(table) for table in ("outbox", "inbox")] == [False, False]
    finally:
        await db.close()


@pytest.mark.parametrize("service", SERVICES)
async def test_a_database_in_use_gets_its_runtime_role(
    fresh_dsn: FreshDsn, as_owner: Callable[[str], str], service: str
):
    """A later migration's tables get their rights too, without a word in the migration."""
    dsn, role = fresh_dsn(service), runtime_role(service)
    recorded_at = datetime.combine(wall_time().date(), datetime.min.time(), UTC) + timedelta(days=9)
    async with connected(as_owner(dsn)) as owner:
        await owner.execute(
            f"DROP FUNCTION create_day; DROP FUNCTION drop_day;"
            f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role};"
            f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {role};"
            f"CREATE TABLE later (x int)"
        )
        await owner.execute("INSERT INTO inbox VALUES ('c', 's', 'kept', $1, 'x')", recorded_at)
    migrations = ROOT / "services" / service / "migrations"
    await asyncio.to_thread(upgrade, migrations, as_owner(dsn), runtime_role=role)
    async with connected(dsn) as connection:
        await connection.execute("INSERT INTO later VALUES (1)")
        await connection.execute("SELECT nextval('outbox_position')")
        await connection.execute("SELECT create_day('inbox', $1)", recorded_at.date())
        kept = f"SELECT count(*) FROM inbox WHERE tableoid = 'inbox_{recorded_at:%Y%m%d}'::regclass"
        assert await connection.fetchval(kept) == 1


async def test_a_role_that_does_not_exist_stops_the_migration(fresh_owner_dsn: FreshDsn):
    migrations = ROOT / "services" / "identity" / "migrations"
    with pytest.raises(Exception, match='role "nobody_knows" does not exist'):
        await asyncio.to_thread(
            upgrade, migrations, fresh_owner_dsn("identity"), runtime_role="nobody_knows"
        )
