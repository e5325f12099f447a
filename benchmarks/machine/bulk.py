"""The limit of writing: Postgres inserts the rows of a measurement a second time."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from benchmarks.machine.limits import Limit
from benchmarks.machine.meters import Meter
from interactions.history import InteractionRecordedV1

ROWS_AT_ONCE = 500
_COLUMNS = """
SELECT attname AS name, format_type(atttypid, atttypmod) AS type
  FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped
   AND attname <> ALL ($2)
 ORDER BY attnum
"""
# Columns that each copy sets to new values; the others are copied.
_FRESH = {
    "interaction": {"interaction_id": "gen_random_uuid()", "xid": "pg_current_xact_id()"},
    "outbox": {
        "id": "gen_random_uuid()",
        "xid": "pg_current_xact_id()",
        "written_at": "clock_timestamp()",
        "position": "nextval('outbox_position')",
    },
}


@dataclass(frozen=True)
class _Table:
    name: str
    insert: str
    rows: Sequence[asyncpg.Record]

    async def write(self, connection: asyncpg.Connection, share: slice) -> None:
        columns = list(zip(*(tuple(row) for row in self.rows[share]), strict=True))
        if columns:
            await connection.execute(self.insert, *(list(column) for column in columns))


def rewrite(
    dsn: str, meter: Meter, *, interactions: int, rows_at_once: int = ROWS_AT_ONCE
) -> Limit:
    """Insert up to ``interactions`` rows and their events again, with the raw driver alone.

    It uses one connection. Each transaction has ``rows_at_once`` interactions, and the limit counts
    interactions.
    """
    return asyncio.run(_rewrite(dsn, meter, interactions, rows_at_once))


async def _rewrite(dsn: str, meter: Meter, interactions: int, rows_at_once: int) -> Limit:
    connection = await asyncpg.connect(dsn)
    try:
        written = await _table(connection, "interaction", "recorded_at DESC", interactions)
        events = await connection.fetchval(
            "SELECT count(*)::float8 / count(*) FILTER (WHERE type = $1) FROM outbox",
            InteractionRecordedV1.event_type,
        )
        count = len(written.rows)
        outbox = await _table(connection, "outbox", "written_at DESC", round(count * events))
        began, before = time.perf_counter(), meter.read()
        for start in range(0, count, rows_at_once):
            end = start + rows_at_once
            async with connection.transaction():
                await written.write(connection, slice(start, end))
                await outbox.write(connection, slice(round(start * events), round(end * events)))
        took, used = time.perf_counter() - began, meter.read() - before
    finally:
        await connection.close()
    return Limit(count / took, used.postgres / count * 1000)


async def _table(connection: asyncpg.Connection, name: str, order: str, count: int) -> _Table:
    fresh = _FRESH[name]
    columns = await connection.fetch(_COLUMNS, name, list(fresh))
    arrays, taken = [], []
    for place, (column, kind) in enumerate(columns, 1):
        arrays.append(f"${place}::{kind}[]")
        taken.append(column)
    insert = (
        f"INSERT INTO {name} ({', '.join([*taken, *fresh])})"
        f" SELECT {', '.join([*(f'r.{c}' for c in taken), *fresh.values()])}"
        f" FROM unnest({', '.join(arrays)}) AS r ({', '.join(taken)})"
    )
    rows = await connection.fetch(
        f"SELECT {', '.join(taken)} FROM {name} ORDER BY {order} LIMIT {count}"
    )
    return _Table(name, insert, rows)
