"""Reads what was decided about a customer, and the merges that made it, a page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text

from common.db import ReadConnection
from common.errors import NotFoundError
from identity.merging.domain.origins import PastMerge
from identity.merging.store.pasts import MERGE_COLUMNS, merge_of
from identity.resolution.domain.decisions import Decision
from identity.resolution.store.decisions import DECISION, decision_of

_IDS = """
    asked AS MATERIALIZED (
        SELECT canonical_id AS id FROM customer_alias
        WHERE tenant_id = :tenant_id AND origin_id = :customer_id
    ), own AS MATERIALIZED (
        SELECT alias.origin_id AS id FROM asked
        CROSS JOIN LATERAL (
            SELECT origin_id FROM customer_alias
            WHERE tenant_id = :tenant_id AND canonical_id = asked.id
            OFFSET 0) AS alias
    )
"""
_SHOWN = f"{DECISION.names}, decided_at, withdrawn_at, withdrawn_by, withdrawal_reason"


def _about(column: str) -> str:
    return f"""
    SELECT held.* FROM own
    CROSS JOIN LATERAL (
        SELECT {_SHOWN} FROM decision
        WHERE {column} = own.id AND tenant_id = :tenant_id
          AND (decided_at, decision_id) < (:before, :before_id)
        OFFSET 0) AS held
    """


DECISIONS_OF = text(
    f"""
    WITH {_IDS}, page AS (
        SELECT DISTINCT ON (decided_at, decision_id) *
        FROM ({_about("customer_id")} UNION ALL {_about("other_id")}) AS found
        ORDER BY decided_at DESC, decision_id DESC
        LIMIT :limit
    )
    SELECT page.* FROM asked LEFT JOIN page ON true
    ORDER BY decided_at DESC, decision_id DESC
    """
)
MERGES_OF = text(
    f"""
    WITH {_IDS}, page AS (
        SELECT held.* FROM own
        CROSS JOIN LATERAL (
            SELECT {MERGE_COLUMNS} FROM merge_log
            WHERE tenant_id = :tenant_id AND survivor_id = own.id
              AND (merged_at, merge_id) < (:before, :before_id)
            ORDER BY merged_at DESC
            LIMIT :limit) AS held
        ORDER BY merged_at DESC, merge_id DESC
        LIMIT :limit
    )
    SELECT page.*, (
        SELECT decision_id FROM decision
        WHERE customer_id = page.survivor_id AND tenant_id = :tenant_id
          AND undo_of = page.merge_id
        ORDER BY decided_at
        LIMIT 1) AS undone_by
    FROM asked LEFT JOIN page ON true
    ORDER BY merged_at DESC, merge_id DESC
    """
)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page begins: before this time, and at that time before this id."""

    at: datetime
    id: UUID


@dataclass(frozen=True, slots=True)
class ListedDecision:
    decision: Decision
    decided_at: datetime
    withdrawn_at: datetime | None
    withdrawn_by: str | None
    withdrawal_reason: str | None


@dataclass(frozen=True, slots=True)
class ListedMerge:
    merge: PastMerge
    undone_by: UUID | None


async def list_decisions(
    connection: ReadConnection, tenant_id: str, customer_id: UUID, *, before: Position, limit: int
) -> list[ListedDecision]:
    """Return a page of the decisions about a customer, the latest first. Raises NotFoundError."""
    asked = _asked(tenant_id, customer_id, before, limit)
    rows = await _page(connection, DECISIONS_OF, asked)
    return [
        ListedDecision(
            decision_of(row),
            row.decided_at,
            row.withdrawn_at,
            row.withdrawn_by,
            row.withdrawal_reason,
        )
        for row in rows
        if row.decision_id is not None
    ]


async def list_merges(
    connection: ReadConnection, tenant_id: str, customer_id: UUID, *, before: Position, limit: int
) -> list[ListedMerge]:
    """Return a page of the merges behind a customer, the latest first. Raises NotFoundError."""
    asked = _asked(tenant_id, customer_id, before, limit)
    rows = await _page(connection, MERGES_OF, asked)
    return [ListedMerge(merge_of(row), row.undone_by) for row in rows if row.merge_id is not None]


def _asked(tenant_id: str, customer_id: UUID, before: Position, limit: int) -> dict[str, Any]:
    return {
        "tenant_id": tenant_id,
        "customer_id": customer_id,
        "before": before.at,
        "before_id": before.id,
        "limit": limit,
    }


async def _page(
    connection: ReadConnection, statement: TextClause, asked: dict[str, Any]
) -> Sequence[Any]:
    rows = (await connection.execute(statement, asked)).all()
    if not rows:
        raise NotFoundError("there is no such customer")
    return rows
