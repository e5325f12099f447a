"""What is due: looked up cheaply, then claimed by one of any number of timers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from common.db import ReadConnection, Transaction
from sla.clocks.domain.clocks import OwnedClock
from sla.clocks.store.clock_rows import ANNOUNCED, CLOCK, CONVERSATION, from_joined_row

# The database's clock alone decides how far each partition's source is known. The claims skip a
# clock that another timer has locked, and write nothing.
_READY = """
    WITH ready AS MATERIALIZED (
        SELECT p.partition,
               CASE WHEN p.watermark IS NOT NULL
                    THEN least(p.watermark, clock_timestamp()) - make_interval(secs => :grace)
               END AS known_until,
               clock_timestamp() - make_interval(secs => hold.seconds) AS waited_until
        FROM consumer_progress p
        JOIN unnest(cast(:partitions AS int[]), cast(:holds AS float8[]))
             AS hold (partition, seconds) ON hold.partition = p.partition
        WHERE p.consumer = :consumer AND p.topic = :topic
    )
"""

CLAIM_SQL = f"""
    {_READY}
    SELECT c.*, {ANNOUNCED}, clock_timestamp() AS seen_at, ready.waited_until, ready.known_until
    FROM ready CROSS JOIN LATERAL (
        SELECT {CLOCK.names} FROM clock
        WHERE source_partition = ready.partition
          AND next_fire_at <= greatest(ready.known_until, ready.waited_until)
        ORDER BY next_fire_at
        LIMIT :batch
        FOR UPDATE SKIP LOCKED
    ) AS c
    {CONVERSATION}
    LIMIT :batch
"""
_CLAIM = text(CLAIM_SQL)

# In a backlog the tenants take turns, at both ends of what each partition has: the newest deadlines
# do not wait behind a tenant's many thousands of one instant, nor the oldest for what keeps coming.
FAIR_WINDOW = 500


def _end(order: str) -> str:
    return f"""
        (SELECT tenant_id, clock_id, next_fire_at, ready.waited_until, ready.known_until
         FROM clock
         WHERE source_partition = ready.partition
           AND next_fire_at <= greatest(ready.known_until, ready.waited_until)
         ORDER BY next_fire_at {order} LIMIT {FAIR_WINDOW})
    """


_CLAIM_IN_TURNS = text(
    f"""
    {_READY},
    turn AS MATERIALIZED (
        SELECT ends.*, row_number() OVER (PARTITION BY tenant_id ORDER BY next_fire_at) AS place
        FROM ready CROSS JOIN LATERAL ({_end("ASC")} UNION {_end("DESC")}) ends
    )
    SELECT c.*, {ANNOUNCED}, clock_timestamp() AS seen_at
    FROM (
        SELECT {CLOCK.of("c")}, turn.waited_until, turn.known_until
        FROM (SELECT * FROM turn ORDER BY place, next_fire_at LIMIT 4 * :batch) turn
        JOIN clock c ON c.tenant_id = turn.tenant_id AND c.clock_id = turn.clock_id
        WHERE c.next_fire_at <= greatest(turn.known_until, turn.waited_until)
        ORDER BY turn.place, turn.next_fire_at
        LIMIT :batch
        FOR UPDATE OF c SKIP LOCKED
    ) AS c
    {CONVERSATION}
    """
)

_CLAIM_UNCONFIRMED = text(
    f"""
    {_READY}
    SELECT c.*, {ANNOUNCED}, clock_timestamp() AS seen_at, ready.waited_until, ready.known_until
    FROM ready CROSS JOIN LATERAL (
        SELECT {CLOCK.names} FROM clock
        WHERE source_partition = ready.partition AND confirm_at <= ready.known_until
        ORDER BY confirm_at
        LIMIT :batch
        FOR UPDATE SKIP LOCKED
    ) AS c
    {CONVERSATION}
    LIMIT :batch
    """
)

_SCHEDULE = text(
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
class ConsumedTopic:
    """The consumer and topic whose progress tells how far the facts are known."""

    consumer: str
    topic: str


@dataclass(frozen=True, slots=True)
class PartitionSchedule:
    """What is due next in one partition, and its watermark."""

    number: int
    watermark: datetime | None
    next_fire_at: datetime | None
    confirm_at: datetime | None


@dataclass(frozen=True, slots=True)
class Schedule:
    """What is due next in all partitions, read at ``now`` of the database's clock."""

    now: datetime
    partitions: tuple[PartitionSchedule, ...]


@dataclass(frozen=True, slots=True)
class ClaimedClock:
    """A locked clock that is due, with the database's view of time."""

    owned: OwnedClock
    now: datetime
    known_until: datetime | None
    waited_until: datetime


async def get_schedule(connection: ReadConnection, facts: ConsumedTopic) -> Schedule:
    """Return what is due next in each partition; reads only the ends of two small indexes."""
    result = await connection.execute(_SCHEDULE, {"consumer": facts.consumer, "topic": facts.topic})
    rows = result.all()
    now = rows[-1].now if rows else (await connection.execute(_NOW)).scalar_one()
    partitions = (
        PartitionSchedule(r.partition, r.watermark, r.next_fire_at, r.confirm_at) for r in rows
    )
    return Schedule(now, tuple(partitions))


async def claim_due_clocks(
    tx: Transaction,
    facts: ConsumedTopic,
    *,
    holds: Mapping[int, float],
    grace_seconds: float,
    batch: int,
    in_turns: bool = False,
) -> list[ClaimedClock]:
    """Lock clocks that are due, and unconfirmed breaches that have become certain.

    The longest overdue come first; ``in_turns`` lets the tenants take turns, which costs more and
    matters only where more is due than ``batch``. ``holds`` gives for each partition the seconds
    that a deadline waits for a source whose watermark has not reached it.
    """
    values = {
        "consumer": facts.consumer,
        "topic": facts.topic,
        "partitions": list(holds),
        "holds": list(holds.values()),
        "grace": grace_seconds,
        "batch": batch,
    }
    rows = [*await tx.execute(_CLAIM_IN_TURNS if in_turns else _CLAIM, values)]
    if len(rows) < batch:
        rows += await tx.execute(_CLAIM_UNCONFIRMED, {**values, "batch": batch - len(rows)})
    return [
        ClaimedClock(from_joined_row(row), row.seen_at, row.known_until, row.waited_until)
        for row in rows
    ]
