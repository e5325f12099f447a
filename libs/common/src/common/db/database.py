"""The only place that opens, commits and retries transactions.

``run`` is one use case in one transaction, committed before it returns. ``read`` is one statement
without a transaction's two extra round trips, ``read_row`` the same for the few that are asked for
most, ``jot`` the same for a write that is no news. ``snapshot`` is several reads that must agree.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import Any, Concatenate, ParamSpec, TypeVar

import asyncpg
from sqlalchemy import TextClause, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from common.db.bulk import DRIVER_ERRORS
from common.db.connections import ReadConnection, Transaction
from common.db.direct_reads import DirectReads
from common.errors import UnavailableError
from common.jsons import loads
from common.runtime import Backoff, within
from common.settings import PostgresSettings
from common.telemetry import describe, get_logger, metrics

P = ParamSpec("P")
T = TypeVar("T")
Work = Callable[Concatenate[Transaction, P], Awaitable[T]]
Query = Callable[Concatenate[ReadConnection, P], Awaitable[T]]

_log = get_logger(__name__)

RETRYABLE = frozenset({"40001", "40P01"})
"""Serialization failure and deadlock: the same work may succeed when it is done anew."""

DEMOTED = frozenset({"25006", "57P01", "57P02", "57P03"})
"""Read-only and shutting-down servers. SQLAlchemy does not count 25006 as a disconnect, so a pool
would stay on a demoted primary for ever."""

CLOSED = frozenset({"3D000", "55000"})
"""A database that is not there, or takes no connections: somebody is at work on it."""

LOCKED = "55P03"

PASSING = ("08", "53", "57", "58")
"""Classes of SQLSTATE that say nothing about the work: connection, resources (disk, memory,
connections), an operator or a time-out in between, the system beneath. Come back later."""

_CLOSE_SECONDS = 2.0
_BACKOFF = Backoff(0.01, jitter=1.0)


def async_url(dsn: str) -> str:
    """Return ``dsn`` with our driver named, whatever form of scheme it came with."""
    scheme, _, rest = dsn.partition("://")
    if scheme.split("+")[0] not in {"postgres", "postgresql"}:
        raise ValueError("a Postgres address begins with postgresql://")
    return f"postgresql+asyncpg://{rest}"


def sqlstate(error: BaseException) -> str | None:
    """Return the SQLSTATE of a driver error, if it has one."""
    state = getattr(getattr(error, "orig", error), "sqlstate", None)
    return state if isinstance(state, str) else None


class LockedError(UnavailableError):
    """Somebody else held a lock that the work needs for longer than it may wait."""


class Database:
    """One service's database: a pool for units of work, and one for reads that must not wait."""

    def __init__(self, settings: PostgresSettings, *, service: str) -> None:
        self.service = service
        self.settings = settings
        self._writer = _engine(settings, settings.pool_size, service, read_only=False)
        self._jotter = self._writer.execution_options(isolation_level="AUTOCOMMIT")
        self._reader = _engine(settings, settings.read_pool_size, service, read_only=True)
        self._direct = _direct(self._reader, settings, service)
        self._after_commit: list[Callable[[], None]] = []
        self._abandoned: set[asyncio.Task[Any]] = set()

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` after every committed unit of work of this process."""
        self._after_commit.append(callback)

    async def run(self, work: Work[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call ``work(tx, ...)`` in a transaction and commit before returning its result.

        What the same work may not meet again, such as a deadlock, repeats all of it. Raises
        UnavailableError when the database is away or overloaded; the outcome of a lost COMMIT is
        unknown then, so every caller needs a key that makes the repeat the same write.
        """
        name, began = _name(work), time.perf_counter()
        for attempt in range(1, self.settings.max_attempts + 1):
            try:
                async with self._writer.begin() as connection:
                    result = await work(_transaction(connection), *args, **kwargs)
            except (DBAPIError, PoolTimeoutError, OSError) as error:
                if _worth_repeating(error) and attempt < self.settings.max_attempts:
                    metrics.TRANSACTIONS.labels(self.service, name, "retried").inc()
                    await asyncio.sleep(_BACKOFF.seconds(attempt))
                    continue
                metrics.TRANSACTIONS.labels(self.service, name, "failed").inc()
                raise _translated(error) from error
            metrics.TRANSACTIONS.labels(self.service, name, "committed").inc()
            metrics.TRANSACTION_SECONDS.labels(self.service, name).observe(
                time.perf_counter() - began
            )
            for callback in self._after_commit:
                callback()
            return result
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def jot(self, work: Work[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call ``work(connection, ...)``, one statement that writes down what nobody waits for.

        It is committed when it returns, and no ``after_commit`` hears of it. Raises
        UnavailableError; the caller tries again when it next has something to write.
        """
        return await self._alone(self._jotter, work, args, kwargs)

    async def read(
        self,
        query: Query[..., T],
        /,
        *args: Any,
        deadline_seconds: float | None = None,
        **kwargs: Any,
    ) -> T:
        """Call ``query(connection, ...)`` outside any transaction, on a read-only connection.

        Past ``deadline_seconds`` (those of the settings without) the caller gets UnavailableError
        at once; the query is cancelled and cleaned up behind its back, because that clean-up can
        take longer than the deadline.
        """
        reading = self._alone(self._reader, query, args, kwargs)
        return await self._in_time(reading, deadline_seconds)

    async def read_row(
        self,
        statement: TextClause,
        values: Mapping[str, Any],
        *,
        deadline_seconds: float | None = None,
    ) -> Mapping[str, Any] | None:
        """Return the first row of one statement, or None: a ``read`` that costs next to nothing.

        By the same rules, but for JSON, which comes as text.
        """
        return await self._in_time(self._read_row(statement, values), deadline_seconds)

    async def _in_time(self, reading: Coroutine[Any, Any, T], deadline_seconds: float | None) -> T:
        seconds = deadline_seconds or self.settings.read_deadline_seconds
        task = asyncio.create_task(reading)
        try:
            done, _ = await asyncio.wait({task}, timeout=seconds)
        except asyncio.CancelledError:
            self._abandon(task)
            raise
        if done:
            return task.result()
        self._abandon(task)
        raise UnavailableError("the database did not answer in time")

    async def snapshot(self, query: Query[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call ``query`` in a read-only transaction whose statements all see the same state."""
        try:
            async with self._writer.connect() as connection:
                await connection.execution_options(
                    isolation_level="REPEATABLE READ", postgresql_readonly=True
                )
                async with connection.begin():
                    return await query(ReadConnection(connection), *args, **kwargs)
        except (DBAPIError, PoolTimeoutError, OSError) as error:
            raise _translated(error) from error

    @asynccontextmanager
    async def dedicated(self) -> AsyncIterator[AsyncConnection]:
        """Open a connection outside the pools, in AUTOCOMMIT, for session locks; closed at the end.

        It must be direct: a transaction pooler in between would lend the session to others.
        """
        engine = _engine(self.settings, 1, self.service, read_only=False)
        outside: OSError | None = None
        try:
            async with engine.connect() as connection:
                await connection.execution_options(isolation_level="AUTOCOMMIT")
                try:
                    yield connection
                except OSError as error:
                    outside = error  # of whatever the caller talks to besides: not ours to name
                finally:
                    # Its locks end with its socket, and only this closes that without an answer.
                    await connection.invalidate()
        except (DBAPIError, PoolTimeoutError, OSError) as error:
            raise _translated(error) from error
        finally:
            await engine.dispose()
        if outside is not None:
            raise outside

    async def close(self) -> None:
        """Close both pools, after the reads given up earlier; a dead server delays each by 2 s."""
        if self._abandoned:
            await asyncio.wait(self._abandoned, timeout=_CLOSE_SECONDS)
        await within(self._direct.close(), _CLOSE_SECONDS)
        for engine in (self._writer, self._reader):
            await within(engine.dispose(), _CLOSE_SECONDS)

    async def _alone(
        self,
        engine: AsyncEngine,
        query: Work[..., T],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
    ) -> T:
        for attempt in (1, 2):
            try:
                async with engine.connect() as connection:
                    return await query(_transaction(connection), *args, **kwargs)
            except (DBAPIError, PoolTimeoutError, OSError) as error:
                if attempt == 1 and _worth_repeating(error):
                    continue
                raise _translated(error) from error
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def _read_row(
        self, statement: TextClause, values: Mapping[str, Any]
    ) -> Mapping[str, Any] | None:
        try:
            return await self._direct.row(statement, values)
        except (*DRIVER_ERRORS, OSError) as error:
            raise _translated(error) from error

    def _abandon(self, task: asyncio.Task[Any]) -> None:
        self._abandoned.add(task)
        task.add_done_callback(self._forget)
        task.cancel()

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._abandoned.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.info("database.abandoned_read_failed", error=describe(error))


def _transaction(connection: AsyncConnection) -> Transaction:
    return Transaction(ReadConnection(connection))


def _engine(settings: PostgresSettings, size: int, service: str, *, read_only: bool) -> AsyncEngine:
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


def _direct(reader: AsyncEngine, settings: PostgresSettings, service: str) -> DirectReads:
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
    # Writers leave the server's own setting alone: it is an operator's way to stop them.
    kept_from_writing = {"default_transaction_read_only": "on"} if read_only else {}
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
        **kept_from_writing,
        **settings.session,
    }


def _mark_demoted(context: ExceptionContext) -> None:
    if getattr(context.original_exception, "sqlstate", None) in DEMOTED:
        context.is_disconnect = True
        context.invalidate_pool_on_disconnect = True


def _worth_repeating(error: Exception) -> bool:
    """Say whether the same work may well succeed when all of it is done anew.

    Besides ``RETRYABLE``: a plan older than the last migration, and a row that was on its way to
    the default partition when its own was attached (the one CHECK without a name).
    """
    if sqlstate(error) in RETRYABLE:
        return True
    refused = getattr(error, "orig", None)
    cause = getattr(refused, "__cause__", None) or refused
    if isinstance(cause, asyncpg.CheckViolationError):
        return getattr(cause, "constraint_name", None) is None
    return isinstance(cause, asyncpg.InvalidCachedStatementError)


def _translated(error: Exception) -> Exception:
    """Return UnavailableError for trouble that passes, the error itself for our own mistakes."""
    state = sqlstate(error)
    away = (
        not _names_a_mistake(error)
        or state in RETRYABLE | DEMOTED | CLOSED | {LOCKED}
        or (state is not None and state.startswith(PASSING))
    )
    if not away:
        return error
    if state == LOCKED:
        return LockedError("somebody else is changing the same thing right now")
    _log.warning("database.unavailable", error=describe(error))
    return UnavailableError("the database is not available right now")


def _names_a_mistake(error: Exception) -> bool:
    """Say whether the server, or the driver in its place, has refused what we said."""
    if isinstance(error, DBAPIError):
        return not (error.connection_invalidated or isinstance(error.orig, OSError))
    return isinstance(error, asyncpg.PostgresError)


def _name(work: Callable[..., Any]) -> str:
    return getattr(work, "__name__", type(work).__name__)
