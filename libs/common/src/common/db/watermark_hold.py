"""A time that no watermark passes before what is dated with it has been told.

The relay's watermark waits for transactions that have an id when it takes its note
(``common/watermark.py``). So a transaction that takes its id first and the time second holds back
every watermark beyond that time until it has ended and its events are sent.
"""

from datetime import datetime

from sqlalchemy import text

from common.db.connections import Transaction

# Columns are evaluated in their order; the subquery keeps it so.
_TAKE = text(
    """
    SELECT clock_timestamp() AS at
    FROM (SELECT pg_current_xact_id() AS xid OFFSET 0) AS own
    WHERE own.xid IS NOT NULL
    """
)


async def held_moment(tx: Transaction) -> datetime:
    """Return the database's time, once this transaction holds the watermark back."""
    moment: datetime = (await tx.execute(_TAKE)).scalar_one()
    return moment
