"""Indexes on tables in use, built beside the migration's transaction so that writes go on."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from alembic import context, op
from sqlalchemy import pool, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from common.db import async_url

_LOCK_TIMEOUT = "30s"

_IS_INVALID = text(
    "SELECT EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass(:name) AND NOT indisvalid)"
)


def build_index(name: str, *, on: str) -> None:
    """Create an index, such as ``on="clock (state) WHERE …"``, without blocking writes.

    A table that this run of migrations creates, or has locked, is nobody else's yet: it gets the
    index inside the run's transaction.
    """
    # The last SELECT of the migration's transaction would keep its snapshot, and the index would be
    # built only after all older snapshots. A statement without one takes the place of that SELECT.
    op.execute("SET LOCAL application_name = 'migration'")
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
    table, _, _ = on.partition(" ")
    exists = await connection.execute(text("SELECT to_regclass(:name)"), {"name": table})
    if exists.scalar_one() is None:
        return False
    await connection.execute(text(f"SET lock_timeout = '{_LOCK_TIMEOUT}'"))
    is_invalid = (await connection.execute(_IS_INVALID, {"name": name})).scalar_one()
    if is_invalid:  # A migration was killed while it built the index.
        await connection.execute(text(f"DROP INDEX CONCURRENTLY {name}"))
    try:
        await connection.execute(text(f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {on}"))
    except DBAPIError:
        await connection.execute(text(f"DROP INDEX IF EXISTS {name}"))
        return False
    return True
