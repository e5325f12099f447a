"""Erasures that a service is working on, and the ids of everybody it has erased."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from common.db import ReadConnection, Transaction, signal_commit
from common.erasing.steps import Erasure, Progress, needles_of
from common.jsons import dumps_text

BEGUN = "erasure"
"""The signal of a committed transaction that has begun an erasure."""
SECOND_SWEEP = timedelta(minutes=10)
"""Longer than anything takes that was asked before the erasure and is written after it."""

_BEGIN = text(
    """
    WITH known AS (
        INSERT INTO erased_subject (tenant_id, subject_id, erasure_id)
        SELECT :tenant_id, id, :erasure_id FROM unnest(cast(:subject_ids AS uuid[])) AS id
        ORDER BY id
        ON CONFLICT DO NOTHING
    )
    INSERT INTO erasure_work (tenant_id, erasure_id, subject_ids, needles, begun_at, sweep_at)
    VALUES (:tenant_id, :erasure_id, :subject_ids, :needles, :now, :now)
    ON CONFLICT DO NOTHING
    """
)
# What read the person's data before the erasure may still be writing it: the first step waits
# until every transaction has ended that was open when the erasure began.
_NEXT = text(
    """
    SELECT tenant_id, erasure_id, subject_ids, needles, step, cursor, counts, finished_at
    FROM erasure_work
    WHERE sweep_at <= :now AND begun_by < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY sweep_at
    LIMIT 1
    FOR UPDATE SKIP LOCKED
    """
)
_SAVE = text(
    """
    UPDATE erasure_work
    SET step = :step, cursor = cast(:cursor AS jsonb), counts = cast(:counts AS jsonb),
        needles = :needles, sweep_at = :sweep_at
    WHERE tenant_id = :tenant_id AND erasure_id = :erasure_id
    """
)
_FINISH = text(
    """
    UPDATE erasure_work
    SET step = 0, cursor = NULL, needles = '{}', finished_at = coalesce(finished_at, :now),
        sweep_at = CASE WHEN finished_at IS NULL THEN cast(:again_at AS timestamptz) END,
        counts = cast(:counts AS jsonb)
    WHERE tenant_id = :tenant_id AND erasure_id = :erasure_id
    """
)
_ERASED = text(
    """
    SELECT erased.subject_id
    FROM unnest(cast(:tenants AS text[]), cast(:ids AS uuid[])) AS asked (tenant_id, id)
    JOIN LATERAL (
        SELECT tenant_id, subject_id FROM erased_subject
        WHERE tenant_id = asked.tenant_id AND subject_id = asked.id
        LIMIT 1) AS erased ON true
    """
)


@dataclass(frozen=True, slots=True)
class Claimed:
    """An erasure whose next step this transaction does, and what is erased so far, by place."""

    erasure: Erasure
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class Finished:
    """An erasure that this service has done, and how many rows of each place it took."""

    tenant_id: str
    erasure_id: UUID
    counts: dict[str, int]
    now: datetime


async def begin_erasure(
    tx: Transaction,
    tenant_id: str,
    erasure_id: UUID,
    *,
    subject_ids: Sequence[UUID],
    values: Iterable[str],
    now: datetime,
) -> bool:
    """Queue an erasure; return False if it was begun before.

    ``values`` are the person's own: they stay until the last step is done.
    """
    result = await tx.execute(
        _BEGIN,
        {
            "tenant_id": tenant_id,
            "erasure_id": erasure_id,
            "subject_ids": sorted(subject_ids),
            "needles": needles_of(subject_ids, values),
            "now": now,
        },
    )
    signal_commit(tx, BEGUN)
    return result.rowcount > 0


async def claim_erasure(tx: Transaction, *, now: datetime) -> Claimed | None:
    """Lock the erasure that has waited longest, or return None."""
    row = (await tx.execute(_NEXT, {"now": now})).one_or_none()
    if row is None:
        return None
    erasure = Erasure(
        tenant_id=row.tenant_id,
        erasure_id=row.erasure_id,
        subject_ids=tuple(row.subject_ids),
        needles=tuple(row.needles) or tuple(map(str, row.subject_ids)),
        step=row.step,
        cursor=row.cursor,
        is_second_sweep=row.finished_at is not None,
    )
    return Claimed(erasure, dict(row.counts))


async def save_progress(
    tx: Transaction,
    claimed: Claimed,
    progress: Progress,
    *,
    counts: dict[str, int],
    sweep_at: datetime,
) -> None:
    """Store where the erasure goes on, and when."""
    erasure = claimed.erasure
    is_done = progress.cursor is None and not progress.waits
    await tx.execute(
        _SAVE,
        {
            "tenant_id": erasure.tenant_id,
            "erasure_id": erasure.erasure_id,
            "step": erasure.step + is_done,
            "cursor": None if progress.cursor is None else dumps_text(progress.cursor),
            "counts": dumps_text(counts),
            "needles": sorted({*erasure.needles, *progress.needles}),
            "sweep_at": sweep_at,
        },
    )


async def finish_sweep(
    tx: Transaction, claimed: Claimed, *, counts: dict[str, int], now: datetime
) -> None:
    """End a sweep: forget the values that were looked for, and plan the second sweep, if any."""
    await tx.execute(
        _FINISH,
        {
            "tenant_id": claimed.erasure.tenant_id,
            "erasure_id": claimed.erasure.erasure_id,
            "counts": dumps_text(counts),
            "now": now,
            "again_at": now + SECOND_SWEEP,
        },
    )


async def list_erased(connection: ReadConnection, keys: Sequence[tuple[str, UUID]]) -> set[UUID]:
    """Return which of these customers, each with its tenant, are erased."""
    if not keys:
        return set()
    rows: Any = await connection.execute(
        _ERASED, {"tenants": [key[0] for key in keys], "ids": [key[1] for key in keys]}
    )
    return {row.subject_id for row in rows}
