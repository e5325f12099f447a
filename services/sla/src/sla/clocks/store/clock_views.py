"""Clocks as they are read: by state and due time, and one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from common.db import ReadConnection
from sla.clocks.store.clock_rows import COLUMNS, Stored, from_row

_FILTERS = {
    "state": "state = :state",
    "metric": "metric = :metric",
    "policy_id": "policy_id = :policy_id",
    "conversation_id": "conversation_id = :conversation_id",
    "due_before": "due_at < :due_before",
}
_AFTER = "(sort_at, clock_id) > (coalesce(cast(:after_at AS timestamptz), 'infinity'), :after_id)"


@dataclass(frozen=True, slots=True)
class ClockFilters:
    """What to list; None is any."""

    state: str | None = None
    metric: str | None = None
    policy_id: UUID | None = None
    conversation_id: UUID | None = None
    due_before: datetime | None = None

    def given(self) -> dict[str, Any]:
        values = {name: getattr(self, name) for name in _FILTERS}
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True, slots=True)
class After:
    """The last clock of the page before."""

    due_at: datetime | None
    clock_id: UUID


async def clocks(
    connection: ReadConnection,
    tenant_id: str,
    filters: ClockFilters,
    *,
    after: After | None,
    limit: int,
) -> Sequence[Stored]:
    """Return a page of clocks, the next due first, those without a due time last.

    Clocks that later facts did away with are left out.
    """
    given = filters.given()
    where = ["tenant_id = :tenant", "NOT superseded", *(_FILTERS[name] for name in given)]
    values = {"tenant": tenant_id, "limit": limit, **given}
    if after is not None:
        where.append(_AFTER)
        values |= {"after_at": after.due_at, "after_id": after.clock_id}
    statement = text(
        f"SELECT {COLUMNS} FROM clock WHERE {' AND '.join(where)}"
        " ORDER BY sort_at, clock_id LIMIT :limit"
    )
    return [from_row(row) for row in await connection.execute(statement, values)]


_ONE = text(f"SELECT {COLUMNS} FROM clock WHERE tenant_id = :tenant AND clock_id = :id")


async def clock(connection: ReadConnection, tenant_id: str, clock_id: UUID) -> Stored | None:
    row = (await connection.execute(_ONE, {"tenant": tenant_id, "id": clock_id})).one_or_none()
    return None if row is None else from_row(row)
