"""Which events a consumer has applied, and its positions; both in its own database.

Offsets are stored beside the effects that they belong to, so the two always agree, even when the
database is restored to an earlier time. The inbox catches events published twice at two offsets.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import text

from common.db import ReadConnection, Transaction
from common.messaging.envelope import Received
from common.messaging.watermarks import Heartbeat

_CLAIM = text(
    """
    INSERT INTO inbox (consumer, source, event_id, recorded_at, body_hash)
    SELECT :consumer, source, event_id, recorded_at, body_hash
    FROM unnest(cast(:sources AS text[]), cast(:ids AS text[]),
                cast(:times AS timestamptz[]), cast(:hashes AS bytea[]))
         AS event (source, event_id, recorded_at, body_hash)
    -- In one order, so that two copies of a batch wait for each other instead of deadlocking.
    ORDER BY source, event_id
    ON CONFLICT DO NOTHING
    RETURNING source, event_id
    """
)
_HASHES = text(
    """
    SELECT source, event_id, body_hash FROM inbox
    WHERE consumer = :consumer AND (source, event_id, recorded_at) IN (
        SELECT * FROM unnest(cast(:sources AS text[]), cast(:ids AS text[]),
                             cast(:times AS timestamptz[])))
    """
)
_MOVE = text(
    """
    UPDATE consumer_progress
    SET next_offset = :next_offset,
        -- A watermark from the future would vouch for deadlines that have not passed yet.
        watermark = greatest(watermark, CASE WHEN cast(:watermark AS timestamptz) IS NOT NULL
            THEN least(cast(:watermark AS timestamptz), clock_timestamp()) END),
        updated_at = clock_timestamp()
    WHERE consumer = :consumer AND topic = :topic AND partition = :partition
      AND next_offset = :expected
    """
)
_RAISE = text(
    """
    UPDATE consumer_progress progress
    SET watermark = least(beat.watermark, clock_timestamp()), updated_at = clock_timestamp()
    FROM unnest(cast(:partitions AS int[]), cast(:offsets AS bigint[]),
                cast(:watermarks AS timestamptz[])) AS beat (partition, "offset", watermark)
    WHERE progress.consumer = :consumer AND progress.topic = :topic
      AND progress.partition = beat.partition AND progress.next_offset = beat."offset"
      AND (progress.watermark IS NULL
           OR progress.watermark < least(beat.watermark, clock_timestamp()))
    RETURNING progress.partition, progress.watermark
    """
)
_POSITIONS = text(
    """
    INSERT INTO consumer_progress (consumer, topic, partition, next_offset)
    SELECT :consumer, :topic, partition, first_offset
    FROM unnest(cast(:partitions AS int[]), cast(:firsts AS bigint[]))
         AS assigned (partition, first_offset)
    ON CONFLICT (consumer, topic, partition) DO UPDATE SET updated_at = clock_timestamp()
    RETURNING partition, next_offset
    """
)
_LIST = text(
    """
    SELECT consumer, topic, partition, next_offset, watermark, updated_at FROM consumer_progress
    ORDER BY consumer, topic, partition
    """
)


class FencedError(Exception):
    """Another owner has moved this partition: this transaction is rolled back."""


@dataclass(frozen=True, slots=True)
class Progress:
    """A step of one partition from ``expected`` to ``next_offset``."""

    consumer: str
    topic: str
    partition: int
    expected: int
    next_offset: int
    watermark: datetime | None


@dataclass(frozen=True, slots=True)
class Position:
    """How far one partition has come, for operators."""

    consumer: str
    topic: str
    partition: int
    next_offset: int
    watermark: datetime | None
    updated_at: datetime


async def claim(
    tx: Transaction, consumer: str, events: Sequence[Received]
) -> tuple[list[Received], list[Received]]:
    """Claim the events in one statement; return the fresh ones and the conflicts.

    Fresh events keep their order and appear once. A conflict has the id of an event applied before
    but a different body: the first one wins.
    """
    first: dict[tuple[str, str], Received] = {}
    for event in events:
        first.setdefault(_identity(event), event)
    arguments = {
        "consumer": consumer,
        "sources": [source for source, _ in first],
        "ids": [event_id for _, event_id in first],
        "times": [event.envelope.recorded_at for event in first.values()],
    }
    result = await tx.execute(
        _CLAIM, arguments | {"hashes": [_body_hash(event) for event in first.values()]}
    )
    claimed = {tuple(row) for row in result}
    conflicts: list[Received] = []
    if len(claimed) < len(events):
        hashes = await _stored_hashes(tx, arguments)
        conflicts = [e for e in events if hashes.get(_identity(e)) not in {None, _body_hash(e)}]
    return [event for identity, event in first.items() if identity in claimed], conflicts


async def move(tx: Transaction, step: Progress) -> None:
    """Advance a partition. Raises FencedError when it does not stand where expected."""
    result = await tx.execute(_MOVE, asdict(step))
    if not result.rowcount:
        raise FencedError(f"{step.topic}[{step.partition}] has moved past {step.expected}")


async def raise_watermarks(
    tx: Transaction, consumer: str, heartbeats: Sequence[Heartbeat]
) -> dict[int, datetime]:
    """Store the watermarks of heartbeats of one topic; return those that are later than before.

    One counts only where the partition is applied exactly as far as it speaks, so whoever owns the
    partition, it is true (``PendingHeartbeats.take`` says why a position beyond is no proof).
    """
    heartbeats = sorted(heartbeats, key=lambda heartbeat: heartbeat.partition)
    result = await tx.execute(
        _RAISE,
        {
            "consumer": consumer,
            "topic": heartbeats[0].topic,
            "partitions": [heartbeat.partition for heartbeat in heartbeats],
            "offsets": [heartbeat.offset for heartbeat in heartbeats],
            "watermarks": [heartbeat.watermark for heartbeat in heartbeats],
        },
    )
    return {row.partition: row.watermark for row in result}


async def ensure_positions(
    tx: Transaction, consumer: str, topic: str, firsts: Mapping[int, int]
) -> dict[int, int]:
    """Return each partition's next offset; one never seen starts at its offset in ``firsts``."""
    partitions = sorted(firsts)
    result = await tx.execute(
        _POSITIONS,
        {
            "consumer": consumer,
            "topic": topic,
            "partitions": partitions,
            "firsts": [firsts[p] for p in partitions],
        },
    )
    return {row.partition: row.next_offset for row in result}


async def list_positions(connection: ReadConnection) -> list[Position]:
    return [Position(*row) for row in await connection.execute(_LIST)]


def latest_watermark(watermarks: Iterable[datetime | None]) -> datetime | None:
    """Return the latest watermark, or None without any."""
    return max((w for w in watermarks if w is not None), default=None)


async def _stored_hashes(
    tx: Transaction, arguments: Mapping[str, object]
) -> dict[tuple[str, str], bytes]:
    result = await tx.execute(_HASHES, arguments)
    return {(row.source, row.event_id): bytes(row.body_hash) for row in result}


def _identity(event: Received) -> tuple[str, str]:
    return event.envelope.source, event.envelope.id


def _body_hash(event: Received) -> bytes:
    return hashlib.blake2b(event.record.value or b"", digest_size=16).digest()
