"""Runs Alembic without a settings file per service, given migrations and database."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, date
from pathlib import Path

from alembic import command, context
from alembic.config import Config
from sqlalchemy import Connection, pool, text
from sqlalchemy.ext.asyncio import create_async_engine

from common.db import async_url, ensure_days
from common.migrations.access import Access, create_functions, grant

LOCK_TIMEOUT = "2s"
STATEMENT_TIMEOUT = "15min"
SECONDS_BETWEEN_LOOKS = 0.1


def upgrade(
    migrations: Path, dsn: str, *, revision: str = "head", runtime_role: str | None = None
) -> None:
    """Bring the database to ``revision``; concurrent calls wait for each other.

    Each migration is a transaction: what is killed in between goes on from the last one.
    ``dsn`` names the owner of the tables. At the newest revision ``runtime_role``, which must
    exist, gets the rights with which the service runs; None when the service runs as the owner.
    It blocks and runs its own event loop: call it through ``asyncio.to_thread``.
    """
    command.upgrade(_config(migrations, dsn, runtime_role), revision)


def downgrade(migrations: Path, dsn: str, *, revision: str) -> None:
    """Take the database back to ``revision``. Blocks as ``upgrade`` does."""
    command.downgrade(_config(migrations, dsn), revision)


def run_env(
    *, daily_tables: Sequence[str] = ("outbox", "inbox"), access: Access | None = None
) -> None:
    """Do the work of a service's ``env.py``: connect, lock, migrate, create days, grant rights."""
    asyncio.run(_migrate(daily_tables, access or Access()))


def _config(migrations: Path, dsn: str, runtime_role: str | None = None) -> Config:
    settings = Config()
    settings.set_main_option("script_location", str(migrations))
    settings.set_main_option("path_separator", "os")
    settings.attributes["dsn"] = dsn
    settings.attributes["runtime_role"] = runtime_role
    return settings


async def _migrate(daily_tables: Sequence[str], access: Access) -> None:
    engine = create_async_engine(
        async_url(context.config.attributes["dsn"]), poolclass=pool.NullPool
    )
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_run, daily_tables, access)
    finally:
        await engine.dispose()


def _run(connection: Connection, daily_tables: Sequence[str], access: Access) -> None:
    # A queued ALTER blocks every statement behind it, so it may wait only briefly for its lock.
    connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
    connection.execute(text(f"SET statement_timeout = '{STATEMENT_TIMEOUT}'"))
    connection.commit()
    _wait_for_others(connection)
    # One transaction for all would hold the locks of the first until the last is done, and indexes
    # that are built meanwhile wait for writers, who wait for these locks.
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()  # Of what it read, if there was nothing to migrate.
    if context.get_revision_argument() == context.get_head_revision():
        with connection.begin():
            create_functions(connection, daily_tables)
            ensure_days(connection, daily_tables, today=_today(connection))
            if role := context.config.attributes["runtime_role"]:
                grant(connection, role, access)


def _wait_for_others(connection: Connection) -> None:
    """Wait until no other process migrates; the lock ends with the connection.

    Looks again and again: a statement that waits has a snapshot, for which the other's indexes
    would wait.
    """
    query = text("SELECT pg_try_advisory_lock(hashtext('threadline.migrations'))")
    while True:
        is_ours = connection.execute(query).scalar_one()
        connection.commit()
        if is_ours:
            return
        time.sleep(SECONDS_BETWEEN_LOOKS)


def _today(connection: Connection) -> date:
    now = connection.execute(text("SELECT now()")).scalar_one()
    today: date = now.astimezone(UTC).date()
    return today
