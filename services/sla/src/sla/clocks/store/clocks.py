"""Clocks: locked for a change, saved in one statement, claimed when they are due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from common.db import ReadConnection, Transaction
from common.jsons import dumps_text
from sla.clocks.domain.reconciliation import Key
from sla.clocks.store.clock_rows import COLUMNS, Stored, from_row, to_row
from sla.clocks.store.conversations import ConversationKey

_C_COLUMNS = ", ".join(f"c.{name.strip()}" for name in COLUMNS.split(","))
_KEY = {"tenant_id", "clock_id", "conversation_id", "test"}
_CHANGES = ", ".join(
    f"{name} = excluded.{name}"
    for name in (part.strip() for part in COLUMNS.split(","))
    if name not in _KEY
)

_LOCK = text(
    f"""
    SELECT {_C_COLUMNS}
    FROM unnest(cast(:tenants AS text[]), cast(:ids AS uuid[])) AS wanted (tenant_id, id)
    JOIN clock c ON c.tenant_id = wanted.tenant_id AND c.conversation_id = wanted.id
    ORDER BY c.tenant_id, c.clock_id
    FOR UPDATE OF c
    """
)

_LOCK_NAMED = text(
    f"""
    SELECT {_C_COLUMNS}
    FROM unnest(cast(:tenants AS text[]), cast(:ids AS uuid[]), cast(:metrics AS text[]),
                cast(:cycles AS int[])) AS wanted (tenant_id, id, metric, cycle)
    JOIN clock c ON c.tenant_id = wanted.tenant_id AND c.conversation_id = wanted.id
                AND c.metric = wanted.metric AND c.cycle = wanted.cycle
    ORDER BY c.tenant_id, c.clock_id
    FOR UPDATE OF c
    """
)

_SAVE = text(
    f"""
    INSERT INTO clock ({COLUMNS})
    SELECT {COLUMNS} FROM jsonb_populate_recordset(NULL::clock, cast(:rows AS jsonb))
    ORDER BY tenant_id, clock_id
    ON CONFLICT (tenant_id, clock_id) DO UPDATE SET {_CHANGES}
    """
)

# How far each partition's source is known is decided by the database's clock alone. A clock that
# another timer holds is skipped; nothing is written to find out that nothing is due.
_READY = """
    WITH ready AS MATERIALIZED (
        SELECT p.partition, held.seconds,
               CASE WHEN p.watermark IS NOT NULL
                    THEN least(p.watermark, clock_timestamp()) - make_interval(secs => :grace)
               END AS known_until,
               clock_timestamp() - make_interval(secs => held.seconds) AS held_until
        FROM consumer_progress p
        JOIN unnest(cast(:partitions AS int[]), cast(:holds AS float8[]))
             AS held (partition, seconds) ON held.partition = p.partition
        WHERE p.consumer = :consumer AND p.topic = :topic
    )
"""

CLAIM_SQL = f"""
    {_READY}
    SELECT due.*, clock_timestamp() AS seen_at, ready.held_until, ready.known_until
    FROM ready CROSS JOIN LATERAL (
        SELECT {COLUMNS} FROM clock
        WHERE source_partition = ready.partition
          AND next_fire_at <= greatest(ready.known_until, ready.held_until)
        ORDER BY next_fire_at
        LIMIT :batch
        FOR UPDATE SKIP LOCKED
    ) AS due
    LIMIT :batch
"""

_CLAIM_UNCONFIRMED = text(
    f"""
    {_READY}
    SELECT due.*, clock_timestamp() AS seen_at, ready.held_until, ready.known_until
    FROM ready CROSS JOIN LATERAL (
        SELECT {COLUMNS} FROM clock
        WHERE source_partition = ready.partition AND confirm_at <= ready.known_until
        ORDER BY confirm_at
        LIMIT :batch
        FOR UPDATE SKIP LOCKED
    ) AS due
    LIMIT :batch
    """
)
_CLAIM = text(CLAIM_SQL)

_AGENDA = text(
    """
    SELECT p.partition, p.watermark, clock_timestamp() AS now,
           (SELECT next_fire_at FROM clock
            WHERE source_partition = p.partition AND next_fire_at IS NOT NULL
            ORDER BY next_fire_at LIMIT 1) AS next_fire_at,
           (SELECT confirm_at FROM clock
            WHERE source_partition = p.partition AND confirm_at IS NOT NULL
            ORDER BY confirm_at LIMIT 1) AS confirm_at
    FROM consumer_progress p
    WHERE p.consumer = :consumer AND p.topic = :topic
    ORDER BY p.partition
    """
)
_NOW = text("SELECT clock_timestamp()")


@dataclass(frozen=True, slots=True)
class Source:
    """Where the facts come from: the consumer and topic whose progress tells what is known."""

    consumer: str
    topic: str


@dataclass(frozen=True, slots=True)
class Partition:
    """What lies ahead in one partition."""

    number: int
    watermark: datetime | None
    next_fire_at: datetime | None
    confirm_at: datetime | None


@dataclass(frozen=True, slots=True)
class Agenda:
    now: datetime
    partitions: tuple[Partition, ...]


@dataclass(frozen=True, slots=True)
class Claimed:
    """A clock that is due, locked, with the database's view of time."""

    stored: Stored
    now: datetime
    known_until: datetime | None
    held_until: datetime


async def lock(
    tx: Transaction, keys: Sequence[ConversationKey]
) -> dict[ConversationKey, dict[Key, Stored]]:
    """Lock and return all clocks of the conversations, by metric and cycle."""
    result = await tx.execute(
        _LOCK, {"tenants": [tenant for tenant, _ in keys], "ids": [id_ for _, id_ in keys]}
    )
    found: dict[ConversationKey, dict[Key, Stored]] = {key: {} for key in keys}
    for row in result:
        stored = from_row(row)
        found[row.tenant_id, row.conversation_id][stored.held.key] = stored
    return found


async def lock_named(
    tx: Transaction, names: Mapping[ConversationKey, Sequence[Key]]
) -> dict[ConversationKey, dict[Key, Stored]]:
    """Lock and return these clocks only, as far as they exist."""
    found: dict[ConversationKey, dict[Key, Stored]] = {key: {} for key in names}
    wanted = [(key, metric, cycle) for key, named in names.items() for metric, cycle in named]
    if not wanted:
        return found
    result = await tx.execute(
        _LOCK_NAMED,
        {
            "tenants": [key[0] for key, _, _ in wanted],
            "ids": [key[1] for key, _, _ in wanted],
            "metrics": [metric.value for _, metric, _ in wanted],
            "cycles": [cycle for _, _, cycle in wanted],
        },
    )
    for row in result:
        stored = from_row(row)
        found[row.tenant_id, row.conversation_id][stored.held.key] = stored
    return found


async def save(tx: Transaction, clocks: Sequence[Stored]) -> None:
    """Write clocks whose conversations, or whose own rows, the caller has locked."""
    if clocks:
        await tx.execute(_SAVE, {"rows": dumps_text([to_row(c) for c in clocks])})


async def agenda(connection: ReadConnection, source: Source) -> Agenda:
    """Return what is due next in each partition. Reads the ends of two small indexes."""
    result = await connection.execute(_AGENDA, {"consumer": source.consumer, "topic": source.topic})
    rows = result.all()
    now = rows[-1].now if rows else (await connection.execute(_NOW)).scalar_one()
    partitions = (Partition(r.partition, r.watermark, r.next_fire_at, r.confirm_at) for r in rows)
    return Agenda(now, tuple(partitions))


async def claim(
    tx: Transaction,
    source: Source,
    *,
    holds: Mapping[int, float],
    grace_seconds: float,
    batch: int,
) -> list[Claimed]:
    """Lock clocks that are due, and unconfirmed breaches that have become certain.

    ``holds`` says for each partition after how many seconds a deadline is no longer held back for
    a source that has not been heard up to it.
    """
    values = {
        "consumer": source.consumer,
        "topic": source.topic,
        "partitions": list(holds),
        "holds": list(holds.values()),
        "grace": grace_seconds,
        "batch": batch,
    }
    rows = [*await tx.execute(_CLAIM, values)]
    if len(rows) < batch:
        rows += await tx.execute(_CLAIM_UNCONFIRMED, {**values, "batch": batch - len(rows)})
    return [Claimed(from_row(row), row.seen_at, row.known_until, row.held_until) for row in rows]
