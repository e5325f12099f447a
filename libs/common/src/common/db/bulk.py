"""Adds rows in bulk by COPY, which is less work than an INSERT for Postgres and for us.

Only for rows that cannot conflict: COPY supports neither ``ON CONFLICT`` nor ``RETURNING``.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from common.db.connections import Transaction, driver_of
from common.runtime import in_turns

DRIVER_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
_BEGIN = text("SELECT")


async def copy_rows(tx: Transaction, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add rows within the transaction; all name the same columns in one order.

    Other columns get their defaults. JSON is text. Raises DBAPIError as any statement does.
    """
    if not rows:
        return
    driver = await driver_of(tx)
    if not driver.is_in_transaction():
        # SQLAlchemy begins a transaction with the first statement it sees.
        await tx.execute(_BEGIN)
    try:
        await driver.copy_records_to_table(
            table, columns=tuple(rows[0]), records=in_turns(tuple(row.values()) for row in rows)
        )
    except DRIVER_ERRORS as error:
        lost = driver.is_closed()
        if lost:
            await tx.invalidate(error)
        raise DBAPIError(None, None, error, connection_invalidated=lost) from error
