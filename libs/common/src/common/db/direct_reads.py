"""Runs the few hottest reads past SQLAlchemy, on a pool of its driver.

What SQLAlchemy adds to a statement (hand out a connection, reset it, wrap the result) takes longer
than the driver needs for the whole of it. Statements are written as everywhere else, as text with
named parameters, and are translated once (docs/adr/0032).
"""

import asyncio
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import asyncpg
from sqlalchemy import TextClause
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

_DIALECT = PGDialect_asyncpg()  # type: ignore[no-untyped-call]


class _Numbered(NamedTuple):
    """A statement with ``$1``, ``$2`` for its parameters, and their names in that order."""

    sql: str
    names: tuple[str, ...]


class DirectReads:
    """A pool of up to ``size`` connections, opened by the first read."""

    def __init__(self, size: int, *, wait_seconds: float, connect: Mapping[str, Any]) -> None:
        self._size = size
        self._places = asyncio.Semaphore(size)
        self._wait_seconds = wait_seconds
        self._connect = connect
        self._pool: asyncpg.Pool | None = None

    async def row(self, statement: TextClause, values: Mapping[str, Any]) -> asyncpg.Record | None:
        """Return the first row, or None.

        Raises the driver's own errors, and TimeoutError when no connection is free in time.
        """
        pool = self._pool
        if pool is None:
            # With min_size=0 there is nothing to open, so the pool is ready at once.
            pool = self._pool = await asyncpg.create_pool(
                min_size=0, max_size=self._size, reset=_leave, **self._connect
            )
        sql, names = _numbered(statement)
        await self._wait()
        try:
            async with pool.acquire() as connection:
                return await connection.fetchrow(sql, *[values[name] for name in names])
        finally:
            self._places.release()

    async def _wait(self) -> None:
        """Wait for a place in the pool; opening a connection has its own time limit."""
        if not self._places.locked():
            await self._places.acquire()
            return
        async with asyncio.timeout(self._wait_seconds):
            await self._places.acquire()

    async def close(self) -> None:
        if self._pool is not None:
            await self._pool.close()


@lru_cache(maxsize=1_024)
def _numbered(statement: TextClause) -> _Numbered:
    compiled = statement.compile(dialect=_DIALECT)
    return _Numbered(str(compiled), tuple(compiled.positiontup or ()))


async def _leave(_connection: asyncpg.Connection) -> None:
    """Skip the reset: in AUTOCOMMIT a single statement leaves nothing to reset."""
