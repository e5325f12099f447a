"""Transactions that a test holds open, and the statements that a test counts."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from sqlalchemy import Engine, event

from common.db import Database, Transaction


@asynccontextmanager
async def open_transaction(database: Database) -> AsyncIterator[Transaction]:
    """Give a transaction that stays open for the block, with its locks, and then commits."""
    opened: asyncio.Future[Transaction] = asyncio.get_running_loop().create_future()
    over = asyncio.Event()

    async def hold(tx: Transaction) -> None:
        opened.set_result(tx)
        await over.wait()

    holding = asyncio.create_task(database.run(hold))
    try:
        yield await opened
    finally:
        over.set()
        await holding


@contextmanager
def counted_statements() -> Iterator[list[str]]:
    """Give the list to which every statement of this process is added during the block."""
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", note)
