"""What a function may do with the database, told by its first parameter's type."""

from collections.abc import Callable
from typing import NewType

from sqlalchemy.ext.asyncio import AsyncConnection

ReadConnection = NewType("ReadConnection", AsyncConnection)
"""A connection for reading: read-only, and perhaps outside any transaction."""

Transaction = NewType("Transaction", ReadConnection)
"""A connection inside a transaction that ``Database.run`` commits; it may also be read."""

_ON_COMMIT = "threadline.on_commit"


def begin_callbacks(connection: AsyncConnection) -> list[Callable[[], None]]:
    """Return a new list for what ``on_commit`` adds during the transaction of ``connection``."""
    callbacks: list[Callable[[], None]] = []
    connection.info[_ON_COMMIT] = callbacks
    return callbacks


def on_commit(tx: Transaction, callback: Callable[[], None]) -> None:
    """Call ``callback`` when the transaction of ``Database.run`` has committed.

    For counters: an attempt that is rolled back, repeated or halved calls nothing.
    """
    tx.info[_ON_COMMIT].append(callback)
