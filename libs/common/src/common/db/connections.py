"""What a function may do with the database, as the types of its parameters."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import NewType, Protocol, TypeVar

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

C_contra = TypeVar("C_contra", contravariant=True)
R_co = TypeVar("R_co", covariant=True)

ReadConnection = NewType("ReadConnection", AsyncConnection)
"""A connection for reading: read-only, and perhaps outside any transaction."""

Transaction = NewType("Transaction", ReadConnection)
"""A connection inside a transaction that ``Database.run`` commits; it may also be read."""


class UseCase(Protocol[C_contra, R_co]):
    """One business operation: everything that it writes, it writes in ``tx``.

    The command is data. ``now`` is the time of the operation, read once by the caller.
    """

    def __call__(
        self, tx: Transaction, command: C_contra, /, *, now: datetime
    ) -> Awaitable[R_co]: ...


async def driver_of(connection: AsyncConnection) -> asyncpg.Connection:
    """Return the driver's own connection, for what SQLAlchemy does not offer.

    Raises TypeError when ``connection`` no longer has one.
    """
    driver = (await connection.get_raw_connection()).driver_connection
    if driver is None:
        raise TypeError("the connection has no driver connection")
    return driver


_ON_COMMIT = "threadline.on_commit"
_SIGNALS = "threadline.signals"


def begin_callbacks(connection: AsyncConnection) -> tuple[list[Callable[[], None]], set[str]]:
    """Return what ``on_commit`` and ``signal_commit`` add to in this transaction."""
    callbacks: list[Callable[[], None]] = []
    signals: set[str] = set()
    connection.info[_ON_COMMIT], connection.info[_SIGNALS] = callbacks, signals
    return callbacks, signals


def on_commit(tx: Transaction, callback: Callable[[], None]) -> None:
    """Call ``callback`` when the transaction of ``Database.run`` has committed.

    For counters: an attempt that is rolled back, repeated or halved calls nothing.
    """
    tx.info[_ON_COMMIT].append(callback)


def signal_commit(tx: Transaction, name: str) -> None:
    """Wake whoever waits for ``name`` when the transaction of ``Database.run`` has committed.

    See ``Database.on_signal``. Outside of ``run`` it does nothing.
    """
    tx.info.get(_SIGNALS, set()).add(name)
