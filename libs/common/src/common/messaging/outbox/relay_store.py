"""The relay's statements, on the session that holds the shard's advisory lock.

``hold_watermark`` alone runs in the transactions of others: the watermark waits for those that have
an id when the relay probes the outbox. So a transaction that takes its id first and the time second
holds every watermark back from that time until it has ended and its events are sent.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from common.db import Transaction
from common.errors import UnavailableError

_LOCK_CLASS = 0x7E1A
"""The first of the two numbers of our advisory locks; the second is the shard."""

_LOCK = text(
    """
    SELECT pg_try_advisory_lock(:class, :shard) AS locked,
           current_setting('transaction_read_only') = 'on' AS read_only
    """
)
# A single statement is its own transaction, which begins (see now()) before its snapshot is taken;
# statement_timestamp() may be later. age() counts from the next transaction id.
_FETCH = """
    SELECT now() AS at, probe.oldest_open::text::bigint AS oldest_open,
           age(probe.oldest_open::xid) AS given_since, probe.held_since,
           (SELECT last_value FROM outbox_position) AS last_position, row.position, row.written_at,
           row.aggregateid, row.payload, row.topic, row.key_hash, row.headers
    FROM (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS oldest_open,
                 ({held_since}) AS held_since) AS probe
    LEFT JOIN LATERAL (
        SELECT * FROM outbox WHERE published_at IS NULL AND key_hash % :shards = :shard
          AND topic <> ALL (cast(:closed AS text[]))
        ORDER BY position LIMIT :limit
    ) AS row ON true
    ORDER BY row.position
"""
_MARK = text(
    """
    UPDATE outbox SET published_at = clock_timestamp()
    FROM unnest(cast(:times AS timestamptz[]), cast(:positions AS bigint[])) AS sent (at, position)
    WHERE outbox.written_at = sent.at AND outbox.position = sent.position
      AND outbox.written_at BETWEEN :first AND :last
    """
)

# The subquery makes Postgres take the id before the time.
_TAKE = text(
    """
    SELECT clock_timestamp() AS at
    FROM (SELECT pg_current_xact_id() AS xid OFFSET 0) AS own
    WHERE own.xid IS NOT NULL
    """
)


@dataclass(frozen=True, slots=True)
class Row:
    position: int
    written_at: datetime
    key: str
    payload: str
    topic: str
    key_hash: int
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Probe:
    """A time before the snapshot, and an id above those of all transactions begun before it."""

    at: datetime
    next_xid: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Unpublished rows, and what the same statement says about its snapshot."""

    rows: Sequence[Row]
    probe: Probe
    oldest_open: int
    """No transaction with a lower id is open: this snapshot shows everything they wrote."""
    last_position: int
    """The highest position of any row in this snapshot."""
    held_since: datetime | None

    @property
    def oldest_age_seconds(self) -> float:
        """How long the oldest of the rows has waited; 0 without rows."""
        if not self.rows:
            return 0.0
        return max(0.0, (self.probe.at - self.rows[0].written_at).total_seconds())


def fetch_statement(held_since: str | None) -> TextClause:
    """Return the statement that fetches a batch; ``held_since`` is a trusted scalar query."""
    return text(_FETCH.format(held_since=held_since or "SELECT cast(NULL AS timestamptz)"))


async def try_lock(connection: AsyncConnection, shard: int) -> bool:
    """Take the shard's lock for this session, unless another session has it.

    Raises UnavailableError on a read-only server: rows that cannot be marked would be sent again
    and again.
    """
    result = await connection.execute(_LOCK, {"class": _LOCK_CLASS, "shard": shard})
    row = result.one()
    if row.read_only:
        raise UnavailableError("the database is read-only")
    return bool(row.locked)


async def fetch(
    connection: AsyncConnection,
    statement: TextClause,
    *,
    shard: int,
    shards: int,
    limit: int,
    closed: Iterable[str] = (),
) -> Batch:
    """Return a shard's oldest unpublished rows, at most ``limit``, except of ``closed`` topics.

    ``connection`` is in AUTOCOMMIT.
    """
    result = await connection.execute(
        statement, {"shard": shard, "shards": shards, "limit": limit, "closed": list(closed)}
    )
    fetched = result.all()
    rows = [
        Row(r.position, r.written_at, r.aggregateid, r.payload, r.topic, r.key_hash,
            r.headers)
        for r in fetched if r.position is not None
    ]  # fmt: skip
    first = fetched[0]
    probe = Probe(first.at, first.oldest_open + first.given_since)
    return Batch(rows, probe, first.oldest_open, first.last_position, first.held_since)


async def mark(connection: AsyncConnection, rows: Sequence[Row]) -> None:
    """Mark rows as published."""
    if not rows:
        return
    times = [row.written_at for row in rows]
    await connection.execute(
        _MARK,
        {
            "times": times,
            "positions": [row.position for row in rows],
            "first": min(times),
            "last": max(times),
        },
    )


async def hold_watermark(tx: Transaction) -> datetime:
    """Hold the watermark back until this transaction has ended; return the time it cannot pass."""
    held_at: datetime = (await tx.execute(_TAKE)).scalar_one()
    return held_at
