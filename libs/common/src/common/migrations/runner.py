"""Alembic without a file of settings per service: where the migrations are, and which database."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date
from pathlib import Path

from alembic import command, context
from alembic.config import Config
from sqlalchemy import Connection, pool, text
from sqlalchemy.ext.asyncio import create_async_engine

from common.db import async_url, ensure_days

LOCK_TIMEOUT = "2s"
STATEMENT_TIMEOUT = "15min"


def upgrade(migrations: Path, dsn: str, *, revision: str = "head") -> None:
    """Bring the database to ``revision``; two at once wait for each other.

    Blocking, and it runs an event loop of its own: call it through ``asyncio.to_thread``.
    """
    command.upgrade(_config(migrations, dsn), revision)


def downgrade(migrations: Path, dsn: str, *, revision: str) -> None:
    """Take the database back to ``revision``. Blocking, as ``upgrade``."""
    command.downgrade(_config(migrations, dsn), revision)


def run_env(*, daily_tables: Sequence[str] = ("outbox", "inbox")) -> None:
    """Do what a service's ``env.py`` does: connect, lock, migrate, make the coming days."""
    asyncio.run(_migrate(daily_tables))


def _config(migrations: Path, dsn: str) -> Config:
    settings = Config()
    settings.set_main_option("script_location", str(migrations))
    settings.set_main_option("path_separator", "os")
    settings.attributes["dsn"] = dsn
    return settings


async def _migrate(daily_tables: Sequence[str]) -> None:
    engine = create_async_engine(
        async_url(context.config.attributes["dsn"]), poolclass=pool.NullPool
    )
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_run, daily_tables)
    finally:
        await engine.dispose()


def _run(connection: Connection, daily_tables: Sequence[str]) -> None:
    # A queued ALTER stops every statement behind it, so it may wait only briefly for its lock.
    connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
    connection.execute(text(f"SET statement_timeout = '{STATEMENT_TIMEOUT}'"))
    connection.commit()
    with connection.begin():
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('threadline.migrations'))"))
        connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"))
        context.configure(connection=connection)
        context.run_migrations()
        if context.get_revision_argument() == context.get_head_revision():
            ensure_days(connection, daily_tables, today=_today(connection))


def _today(connection: Connection) -> date:
    now = connection.execute(text("SELECT now()")).scalar_one()
    today: date = now.astimezone(UTC).date()
    return today
