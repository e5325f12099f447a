"""The only place that opens, commits and retries transactions.

``run`` is one use case in one transaction, committed before it returns. ``read`` is one statement
without a transaction's two extra round trips, ``read_row`` the same for the few hottest reads, and
``execute_once`` the same for a write that serves bookkeeping only. ``snapshot`` is several reads
that must agree.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import TextClause
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.db.bulk import DRIVER_ERRORS
from common.db.connections import ReadConnection, Transaction, begin_callbacks
from common.db.engines import new_direct_reads, new_engine
from common.db.failures import is_repeatable, translated
from common.db.signals import Signals, announce
from common.errors import UnavailableError
from common.runtime import Backoff, tasks, within
from common.settings import PostgresSettings
from common.telemetry import describe, get_logger, metrics

P = ParamSpec("P")
T = TypeVar("T")
Work = Callable[Concatenate[Transaction, P], Awaitable[T]]
Query = Callable[Concatenate[ReadConnection, P], Awaitable[T]]

_log = get_logger(__name__)

_CLOSE_SECONDS = 2.0
_BACKOFF = Backoff(0.01, jitter=1.0)


class Database:
    """One service's database: a pool for units of work, and one for reads that must not wait."""

    def __init__(self, settings: PostgresSettings, *, service: str) -> None:
        self.service = service
        self.settings = settings
        self._writer = new_engine(settings, settings.pool_size, service, read_only=False)
        self._autocommit = self._writer.execution_options(isolation_level="AUTOCOMMIT")
        self._reader = new_engine(settings, settings.read_pool_size, service, read_only=True)
        self._direct = new_direct_reads(self._reader, settings, service)
        self._after_commit: list[Callable[[], None]] = []
        self._signals = Signals()
        self._abandoned: set[asyncio.Task[Any]] = set()

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` after every committed unit of work of this process."""
        self._after_commit.append(callback)

    async def run(self, work: Work[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call ``work(tx, ...)`` in a transaction and commit before returning its result.

        After a failure that may not recur, such as a deadlock, all of it is repeated. Raises
        UnavailableError when the database is away or overloaded. The outcome of a lost COMMIT is
        unknown then, so every caller needs a key that makes the repeat the same write.
        """
        name, began = _name(work), time.perf_counter()
        for attempt in range(1, self.settings.max_attempts + 1):
            try:
                async with self._writer.begin() as connection:
                    callbacks, signals = begin_callbacks(connection)
                    result = await work(_transaction(connection), *args, **kwargs)
            except (DBAPIError, PoolTimeoutError, OSError) as error:
                if is_repeatable(error) and attempt < self.settings.max_attempts:
                    metrics.TRANSACTIONS.labels(self.service, name, "retried").inc()
                    await asyncio.sleep(_BACKOFF.seconds(attempt))
                    continue
                metrics.TRANSACTIONS.labels(self.service, name, "failed").inc()
                raise translated(error) from error
            metrics.TRANSACTIONS.labels(self.service, name, "committed").inc()
            metrics.TRANSACTION_SECONDS.labels(self.service, name).observe(
                time.perf_counter() - began
            )
            for callback in (*callbacks, *self._after_commit):
                callback()
            if due := self._signals.give(signals):
                tasks.spawn(self._announce(due), name="announce")
            return result
        raise AssertionError("unreachable: the last attempt returns or raises")

    def on_signal(self, name: str, callback: Callable[[], None]) -> None:
        """Call ``callback`` after commits of this process that gave the signal ``name``.

        Those of other processes are heard with ``listen`` on a dedicated connection.
        """
        self._signals.wait(name, callback)

    async def _announce(self, names: Sequence[str]) -> None:
        try:
            await self.execute_once(announce, names)
        except UnavailableError as error:
            _log.info("database.signal_lost", error=describe(error))

    async def execute_once(self, work: Work[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call ``work(tx, ...)``, a single autocommitted statement for bookkeeping.

        ``after_commit`` callbacks are not called. Raises UnavailableError; the caller tries again
        when it next has something to write.
        """
        return await self._alone(self._autocommit, work, args, kwargs)

    async def read(
        self,
        query: Query[..., T],
        /,
        *args: Any,
        deadline_seconds: float | None = None,
        **kwargs: Any,
    ) -> T:
        """Call ``query(connection, ...)`` outside any transaction, on a read-only connection.

        Past ``deadline_seconds`` (by default that of the settings) the caller gets UnavailableError
        at once. The query is cancelled and cleaned up in the background, because that clean-up can
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
        """Return the first row of one statement, or None: a ``read`` at a fraction of the cost.

        The rules are the same, except that JSON comes as text.
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
            raise translated(error) from error

    @asynccontextmanager
    async def dedicated(self) -> AsyncIterator[AsyncConnection]:
        """Open a connection outside the pools, in AUTOCOMMIT, for session locks, and close it.

        It must be direct: a transaction pooler in between would lend the session to others.
        """
        engine = new_engine(self.settings, 1, self.service, read_only=False)
        outside: OSError | None = None
        try:
            async with engine.connect() as connection:
                await connection.execution_options(isolation_level="AUTOCOMMIT")
                try:
                    yield connection
                except OSError as error:
                    # From something else that the caller talks to: not ours to translate.
                    outside = error
                finally:
                    # The locks end with the socket, and only this closes it without an answer.
                    await connection.invalidate()
        except (DBAPIError, PoolTimeoutError, OSError) as error:
            raise translated(error) from error
        finally:
            await engine.dispose()
        if outside is not None:
            raise outside

    async def close(self) -> None:
        """Close both pools, after the abandoned reads; a dead server delays each step by 2 s."""
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
                if attempt == 1 and is_repeatable(error):
                    continue
                raise translated(error) from error
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def _read_row(
        self, statement: TextClause, values: Mapping[str, Any]
    ) -> Mapping[str, Any] | None:
        try:
            return await self._direct.row(statement, values)
        except (*DRIVER_ERRORS, OSError) as error:
            raise translated(error) from error

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


def _name(work: Callable[..., Any]) -> str:
    return getattr(work, "__name__", type(work).__name__)
