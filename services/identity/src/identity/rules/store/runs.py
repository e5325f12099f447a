"""Runs of rules over what is stored, and what they found."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from common.db import Columns, ReadConnection, Transaction
from common.jsons import dumps_text
from identity.rules.domain.effects import Effect
from identity.rules.domain.runs import Kind, Phase, Run, State

_NAMES = (
    "tenant_id, id, kind, version, base_version, state, phase, position, customers, visited,"
    " counts, failures, problem, started_by, started_at, advanced_at, finished_at"
)
_INSERT = text(
    f"""
    INSERT INTO rule_run ({_NAMES})
    VALUES (:tenant_id, :id, :kind, :version, :base_version, :state, :phase,
            cast(:position AS jsonb), :customers, :visited, cast(:counts AS jsonb), :failures,
            :problem, :started_by, :started_at, :advanced_at, :finished_at)
    """
)
_SAVE = text(
    """
    UPDATE rule_run
    SET state = :state, phase = :phase, position = cast(:position AS jsonb),
        customers = :customers, visited = :visited, counts = cast(:counts AS jsonb),
        failures = :failures, problem = :problem, advanced_at = :advanced_at,
        finished_at = :finished_at
    WHERE tenant_id = :tenant_id AND id = :id
    """
)
# Who has waited longest comes first, so that runs of several tenants take turns.
LOCK_NEXT = text(
    f"""
    SELECT {_NAMES} FROM rule_run
    WHERE state = 'running'
    ORDER BY advanced_at
    LIMIT 1
    FOR UPDATE SKIP LOCKED
    """
)
_FIND = text(f"SELECT {_NAMES} FROM rule_run WHERE tenant_id = :tenant_id AND id = :id")
LIST = text(
    f"""
    SELECT {_NAMES} FROM rule_run
    WHERE tenant_id = :tenant_id AND id < :before
    ORDER BY id DESC
    LIMIT :limit
    """
)
_SUPERSEDE = text(
    """
    UPDATE rule_run SET state = 'superseded', finished_at = :now
    WHERE tenant_id = :tenant_id AND state = 'running' AND kind = ANY(cast(:kinds AS text[]))
    """
)
_CHANGE = Columns({"customer_id": "uuid", "phase": "text", "change": "jsonb"})
_INSERT_CHANGES = text(
    f"""
    INSERT INTO rule_run_change (tenant_id, run_id, {_CHANGE.names})
    SELECT :tenant_id, :run_id, {_CHANGE.names} FROM {_CHANGE.table("changes")}
    ON CONFLICT DO NOTHING
    RETURNING customer_id
    """
)
LIST_CHANGES = text(
    """
    SELECT customer_id, phase, change FROM rule_run_change
    WHERE tenant_id = :tenant_id AND run_id = :run_id
      AND (customer_id, phase) > (:customer_id, :phase)
    ORDER BY customer_id, phase
    LIMIT :limit
    """
)
PURGE = text(
    """
    WITH old AS MATERIALIZED (
        SELECT tenant_id, id FROM rule_run
        WHERE finished_at < :before
        ORDER BY finished_at
        LIMIT 1
    ), part AS MATERIALIZED (
        SELECT held.tenant_id, held.run_id, held.customer_id, held.phase
        FROM old CROSS JOIN LATERAL (
            SELECT * FROM rule_run_change
            WHERE tenant_id = old.tenant_id AND run_id = old.id
            LIMIT :count) AS held
    ), emptied AS (
        DELETE FROM rule_run_change USING part
        WHERE rule_run_change.tenant_id = part.tenant_id AND rule_run_change.run_id = part.run_id
          AND rule_run_change.customer_id = part.customer_id
          AND rule_run_change.phase = part.phase
    ), gone AS (
        DELETE FROM rule_run USING old
        WHERE rule_run.tenant_id = old.tenant_id AND rule_run.id = old.id
          AND NOT EXISTS (SELECT FROM part)
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM part) + (SELECT count(*) FROM gone)
    """
)


async def insert_run(tx: Transaction, run: Run) -> None:
    await tx.execute(_INSERT, _values(run))


async def save_run(tx: Transaction, run: Run) -> None:
    await tx.execute(_SAVE, _values(run))


async def lock_next_run(tx: Transaction) -> Run | None:
    """Return the run that waits longest, locked until the transaction ends; None if none waits."""
    row = (await tx.execute(LOCK_NEXT)).one_or_none()
    return None if row is None else _run(row)


async def find_run(connection: ReadConnection, tenant_id: str, run_id: UUID) -> Run | None:
    row = (await connection.execute(_FIND, {"tenant_id": tenant_id, "id": run_id})).one_or_none()
    return None if row is None else _run(row)


async def list_runs(
    connection: ReadConnection, tenant_id: str, *, before: UUID, limit: int
) -> list[Run]:
    """Return the runs with smaller ids, the latest first."""
    values = {"tenant_id": tenant_id, "before": before, "limit": limit}
    return [_run(row) for row in await connection.execute(LIST, values)]


async def mark_superseded(
    tx: Transaction, tenant_id: str, kinds: Iterable[Kind], *, now: datetime
) -> None:
    """End the tenant's unfinished runs of these kinds."""
    values = {"tenant_id": tenant_id, "kinds": [kind.value for kind in kinds], "now": now}
    await tx.execute(_SUPERSEDE, values)


async def insert_effects(tx: Transaction, run: Run, effects: Sequence[Effect]) -> list[Effect]:
    """Write down what the run has not come upon before in this phase, and return that."""
    if not effects:
        return []
    rows = [
        {
            "customer_id": effect.customer_id,
            "phase": run.phase.value,
            "change": effect.body(),
        }
        for effect in effects
    ]
    values = {"tenant_id": run.tenant_id, "run_id": run.id, "changes": _CHANGE.values(rows)}
    inserted = set((await tx.execute(_INSERT_CHANGES, values)).scalars())
    return [effect for effect in effects if effect.customer_id in inserted]


async def list_effects(
    connection: ReadConnection,
    tenant_id: str,
    run_id: UUID,
    *,
    after: tuple[UUID, str],
    limit: int,
) -> Sequence[Any]:
    """Return what happened to the next customers, with ``customer_id``, ``phase``, ``change``."""
    values = {
        "tenant_id": tenant_id,
        "run_id": run_id,
        "customer_id": after[0],
        "phase": after[1],
        "limit": limit,
    }
    return (await connection.execute(LIST_CHANGES, values)).all()


async def delete_finished(tx: Transaction, *, before: datetime, count: int) -> int:
    """Delete some of the oldest run that finished before that time, and return how many rows."""
    return int((await tx.execute(PURGE, {"before": before, "count": count})).scalar_one())


def _values(run: Run) -> dict[str, Any]:
    return {
        **asdict(run),
        "kind": run.kind.value,
        "state": run.state.value,
        "phase": run.phase.value,
        "position": dumps_text(run.position),
        "counts": dumps_text(run.counts),
    }


def _run(row: Any) -> Run:
    return Run(
        **{
            **row._mapping,  # noqa: SLF001 - SQLAlchemy's name for the row as a mapping
            "kind": Kind(row.kind),
            "state": State(row.state),
            "phase": Phase(row.phase),
            "counts": Counter(row.counts),
        }
    )
