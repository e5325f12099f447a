"""How many clocks are open, counted on partial indexes and only up to a bound."""

from dataclasses import dataclass

from sqlalchemy import text

from common.db import ReadConnection

MAX_COUNTED = 100_000
"""Beyond this, running clocks are estimated from the index's statistics, the others not at all."""

_COUNT = text(
    """
    WITH running AS (
        SELECT count(*) AS number
        FROM (SELECT FROM clock WHERE next_fire_at IS NOT NULL LIMIT :most) AS counted
    ), undeclared AS (
        SELECT count(*) AS number FROM (
            SELECT FROM consumer_progress p
            JOIN clock c ON c.source_partition = p.partition
                        AND c.next_fire_at <= clock_timestamp() AND c.due_at <= clock_timestamp()
            WHERE p.consumer = :consumer
            LIMIT :most
        ) AS counted
    ), resting AS (
        SELECT count(*) FILTER (WHERE state = 'paused') AS paused,
               count(*) FILTER (WHERE state = 'breached') AS breached
        FROM (
            SELECT state FROM clock
            WHERE ended_at IS NULL AND state IN ('paused', 'breached') LIMIT :most
        ) AS counted
    ), estimate AS (
        SELECT coalesce(max(reltuples), 0)::bigint AS running
        FROM pg_class WHERE oid = to_regclass('clock_next_fire')
    )
    SELECT CASE WHEN running.number < :most THEN running.number
                ELSE greatest(running.number, estimate.running) END AS running,
           resting.paused, resting.breached + undeclared.number AS overdue,
           undeclared.number AS undeclared
    FROM running, undeclared, resting, estimate
    """
)


@dataclass(frozen=True, slots=True)
class OpenClocks:
    """``overdue`` clocks have passed their deadline unanswered; ``undeclared`` without a breach."""

    running: int
    paused: int
    overdue: int
    undeclared: int


async def count_open_clocks(connection: ReadConnection, consumer: str) -> OpenClocks:
    """Return the numbers of all tenants' open clocks; backfills' running ones are left out."""
    values = {"most": MAX_COUNTED, "consumer": consumer}
    return OpenClocks(*(await connection.execute(_COUNT, values)).one())
