"""A time that no watermark passes until the events dated with it have been sent.

The relay's watermark waits for transactions that have an id when it probes the outbox
(``common/messaging/outbox/watermark.py``). So a transaction that takes its id first and the time
second holds every watermark back from that time until it has ended and its events are sent.
"""

from datetime import datetime

from sqlalchemy import text

from common.db.connections import Transaction

# The subquery makes Postgres take the id before the time.
_TAKE = text(
    """
    SELECT clock_timestamp() AS at
    FROM (SELECT pg_current_xact_id() AS xid OFFSET 0) AS own
    WHERE own.xid IS NOT NULL
    """
)


async def hold_watermark(tx: Transaction) -> datetime:
    """Hold the watermark back until this transaction has ended; return the time it cannot pass."""
    held_at: datetime = (await tx.execute(_TAKE)).scalar_one()
    return held_at
