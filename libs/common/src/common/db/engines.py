"""How connections to Postgres are made: address, session settings, pools."""

from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from common.db.direct_reads import DirectReads
from common.db.failures import DEMOTED
from common.jsons import loads
from common.settings import PostgresSettings


def async_url(dsn: str) -> str:
    """Return ``dsn`` with our driver in its scheme. Raises ValueError for another database."""
    scheme, _, rest = dsn.partition("://")
    if scheme.split("+")[0] not in {"postgres", "postgresql"}:
        raise ValueError("a Postgres address begins with postgresql://")
    return f"postgresql+asyncpg://{rest}"


def new_engine(
    settings: PostgresSettings, size: int, service: str, *, read_only: bool
) -> AsyncEngine:
    """Return a pool of ``size`` connections; a ``read_only`` one is in AUTOCOMMIT."""
    options: dict[str, Any] = {"isolation_level": "AUTOCOMMIT"} if read_only else {}
    engine = create_async_engine(
        async_url(settings.dsn.get_secret_value()),
        pool_size=size,
        max_overflow=0,
        pool_timeout=settings.pool_timeout_seconds,
        pool_recycle=300,
        pool_use_lifo=True,
        hide_parameters=True,
        json_deserializer=loads,
        connect_args=_connect_args(settings, service, read_only=read_only),
        **options,
    )
    event.listen(engine.sync_engine, "handle_error", _mark_demoted)
    return engine


def new_direct_reads(reader: AsyncEngine, settings: PostgresSettings, service: str) -> DirectReads:
    """Return the direct reads with the address and the session settings of ``reader``."""
    _, address = reader.dialect.create_connect_args(reader.url)
    return DirectReads(
        settings.read_pool_size,
        wait_seconds=settings.pool_timeout_seconds,
        connect={**address, **_connect_args(settings, service, read_only=True)},
    )


def _connect_args(settings: PostgresSettings, service: str, *, read_only: bool) -> dict[str, Any]:
    return {
        "timeout": settings.connect_timeout_seconds,
        "command_timeout": settings.statement_timeout_seconds * 2,
        "server_settings": _server_settings(settings, service, read_only=read_only),
    }


def _server_settings(
    settings: PostgresSettings, service: str, *, read_only: bool
) -> dict[str, str]:
    idle = settings.idle_in_transaction_timeout_seconds
    # Writers do not override the server's own setting: operators use it to stop writes.
    read_only_session = {"default_transaction_read_only": "on"} if read_only else {}
    return {
        "application_name": f"threadline-{service}",
        "timezone": "UTC",
        "jit": "off",
        "statement_timeout": f"{settings.statement_timeout_seconds * 1000:.0f}",
        "lock_timeout": f"{settings.lock_timeout_seconds * 1000:.0f}",
        "idle_in_transaction_session_timeout": f"{idle * 1000:.0f}",
        "tcp_keepalives_idle": "10",
        "tcp_user_timeout": "20000",
        "client_connection_check_interval": "10000",
        **read_only_session,
        **settings.session,
    }


def _mark_demoted(context: ExceptionContext) -> None:
    if getattr(context.original_exception, "sqlstate", None) in DEMOTED:
        context.is_disconnect = True
        context.invalidate_pool_on_disconnect = True
