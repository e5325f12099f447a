"""Indexes on tables in use, built beside the migration's transaction so that writes go on."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from alembic import context, op
from sqlalchemy import pool, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from common.db import async_url

LOCK_TIMEOUT = "30s"

_IS_INVALID = text(
    "SELECT EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass(:name) AND NOT indisvalid)"
)
# Building waits for all who may write to the table, and nobody may alter it meanwhile.
_IS_OURS = text(
    """
    SELECT EXISTS (
        SELECT FROM pg_locks
        WHERE pid = pg_backend_pid() AND locktype = 'relation' AND relation = to_regclass(:name)
          AND mode NOT IN ('AccessShareLock', 'RowShareLock'))
    """
)


def build_index(name: str, *, on: str) -> None:
    """Create an index, such as ``on="clock (state) WHERE …"``, without blocking writes.

    A table that this run of migrations has created or locked gets the index inside the run's
    transaction: call this before what locks the table.
    """
    table, _, _ = on.partition(" ")
    is_ours = op.get_bind().execute(_IS_OURS, {"name": table}).scalar_one()
    # That SELECT would keep its snapshot, and the index would be built only after all older
    # snapshots. A statement without one takes its place.
    op.execute("SET LOCAL application_name = 'migration'")
    is_built = False
    if not is_ours:
        building = _build(context.config.attributes["dsn"], name, on)
        with ThreadPoolExecutor(1) as executor:  # The loop of the migration runs in this thread.
            is_built = executor.submit(asyncio.run, building).result()
    if not is_built:
        op.execute(f"CREATE INDEX {name} ON {on}")


async def _build(dsn: str, name: str, on: str) -> bool:
    engine = create_async_engine(
        async_url(dsn), poolclass=pool.NullPool, isolation_level="AUTOCOMMIT"
    )
    try:
        async with engine.connect() as connection:
            return await _build_concurrently(connection, name, on)
    finally:
        await engine.dispose()


async def _build_concurrently(connection: AsyncConnection, name: str, on: str) -> bool:
    await connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
    is_invalid = (await connection.execute(_IS_INVALID, {"name": name})).scalar_one()
    if is_invalid:  # A migration was killed while it built the index.
        await connection.execute(text(f"DROP INDEX CONCURRENTLY {name}"))
    try:
        await connection.execute(text(f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {on}"))
    except DBAPIError:
        await connection.execute(text(f"DROP INDEX IF EXISTS {name}"))
        return False
    return True
