"""Faults caused by SQL alone: cut connections, refused writes, conflicting transactions."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import asyncpg

from devstack.fleet.fleet import Fleet
from devstack.testing.postgres import connected
from devstack.testing.wait import until

_OURS = "datname = current_database() AND application_name LIKE 'threadline-%'"

CLASH = """
    CREATE SEQUENCE drill_clashes;
    CREATE FUNCTION drill_clash() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN
        IF random() < 0.2 THEN
            -- A rollback does not reset a sequence, so it counts reliably.
            IF nextval('drill_clashes') % 2 = 0 THEN
                RAISE 'drill' USING ERRCODE = 'serialization_failure';
            END IF;
            RAISE 'drill' USING ERRCODE = 'deadlock_detected';
        END IF;
        RETURN NULL;
    END $$;
"""
NO_CLASH = "DROP FUNCTION drill_clash; DROP SEQUENCE drill_clashes"


async def terminate_connections(fleet: Fleet) -> int:
    """Terminate every connection of every service and return their number."""
    cut = 0
    for dsn in fleet.dsns.values():
        async with connected(dsn) as connection:
            cut += len(
                await connection.fetch(
                    f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {_OURS}"
                )
            )
    return cut


@asynccontextmanager
async def inject_conflicts(
    fleet: Fleet, tables: Mapping[str, Sequence[str]]
) -> AsyncIterator[list[int]]:
    """Make every fifth statement that writes to these tables fail with a transaction conflict.

    Yields a list that holds the number of conflicts in each service after the block.
    """
    clashes: list[int] = []
    async with AsyncExitStack() as stack:
        for service, names in tables.items():
            connection = await stack.enter_async_context(connected(fleet.dsns[service]))
            await connection.execute(CLASH)
            stack.push_async_callback(connection.execute, NO_CLASH)
            for name in names:
                # One by one, because a transaction that locks two tables might lose a deadlock.
                stack.push_async_callback(
                    connection.execute, f"DROP TRIGGER IF EXISTS drill_clash ON {name}"
                )
                await connection.execute(
                    f"CREATE TRIGGER drill_clash BEFORE INSERT OR UPDATE ON {name} "
                    "FOR EACH STATEMENT EXECUTE FUNCTION drill_clash()"
                )
            stack.push_async_callback(_count, connection, clashes)
        yield clashes


async def _count(connection: asyncpg.Connection, clashes: list[int]) -> None:
    clashes.append(await connection.fetchval("SELECT last_value FROM drill_clashes"))


async def deadlock(dsn: str, first: str, then: str) -> None:
    """Cause a deadlock with a transaction that locks ``then`` and ``first``; it is the victim."""
    async with connected(dsn) as connection:
        await connection.execute("SET deadlock_timeout = '30s'")  # the other side notices in 1 s
        async with connection.transaction():
            await connection.execute(f"LOCK TABLE {first} IN SHARE ROW EXCLUSIVE MODE")
            async with connected(dsn) as onlooker:
                await until(lambda: onlooker.fetchval(_WAITS, first, then), 30)
            await connection.execute(f"LOCK TABLE {then} IN SHARE ROW EXCLUSIVE MODE")


_WAITS = """
    SELECT count(*) FROM pg_locks waiting JOIN pg_locks held USING (pid)
    WHERE waiting.relation = $1::text::regclass AND NOT waiting.granted
      AND held.relation = $2::text::regclass AND held.mode = 'RowExclusiveLock' AND held.granted
"""


async def deadlocks(dsn: str) -> int:
    """Return the number of deadlocks that Postgres has counted in a database."""
    async with connected(dsn) as connection:
        count: int = await connection.fetchval(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        )
    return count


@asynccontextmanager
async def read_only(dsn: str) -> AsyncIterator[None]:
    """Make the whole server refuse writes during the block, as before a failover."""
    async with connected(dsn) as connection:
        await connection.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        await connection.execute("SELECT pg_reload_conf()")
        try:
            yield
        finally:
            await connection.execute("ALTER SYSTEM RESET default_transaction_read_only")
            await connection.execute("SELECT pg_reload_conf()")


@asynccontextmanager
async def closed(server_dsn: str, dsn: str) -> AsyncIterator[None]:
    """Cut the connections of a database and refuse new ones during the block."""
    name = dsn.rpartition("/")[2]
    async with connected(server_dsn) as connection:
        await connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name
        )
        try:
            yield
        finally:
            await connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
