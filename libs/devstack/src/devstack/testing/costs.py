"""What a unit of work costs Postgres: tests compare it before and after the data has grown."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from sqlalchemy import text

from common.db import Database
from devstack.testing.postgres import counted_statements

_ROWS_READ = text(
    """
    SELECT coalesce(sum(seq_tup_read) + sum(idx_tup_fetch), 0)::bigint
    FROM pg_stat_xact_user_tables
    """
)


class Cost(NamedTuple):
    """The statements of a transaction, and the rows that they read."""

    statements: int
    rows: int


async def cost_of(
    database: Database, work: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any
) -> Cost:
    """Return what ``work(tx, ...)`` costs; it is committed."""

    async def counted(tx: Any) -> Cost:
        # The session may not have reported the reads of its earlier transactions yet.
        before = (await tx.execute(_ROWS_READ)).scalar_one()
        with counted_statements() as statements:
            await work(tx, *args, **kwargs)
        return Cost(len(statements), (await tx.execute(_ROWS_READ)).scalar_one() - before)

    return await database.run(counted)
