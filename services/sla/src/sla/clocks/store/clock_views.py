"""Clocks as the API reads them: listed by state and due time, or one by its id."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from common.db import ReadConnection
from sla.clocks.domain.clocks import OwnedClock
from sla.clocks.store.clock_rows import ANNOUNCED, CLOCK, CONVERSATION, from_joined_row

_OF_CONVERSATION = """EXISTS (
    SELECT FROM conversation v
    WHERE v.tenant_id = c.tenant_id AND v.conversation_id = c.conversation_id
      AND v.attributes->>'{name}' = ANY(:{name})
)"""
_FILTERS = {
    "state": "c.state = ANY(:state)",
    "metric": "c.metric = ANY(:metric)",
    "policy_id": "c.policy_id = ANY(cast(:policy_id AS uuid[]))",
    "severity": """CASE
        WHEN c.state = 'breached' THEN 'breach'
        WHEN c.state IN ('running', 'paused') AND c.warned <> '[]' THEN 'warning'
        ELSE 'info'
    END = ANY(:severity)""",
    "conversation_id": "c.conversation_id = ANY(cast(:conversation_id AS uuid[]))",
    **{name: _OF_CONVERSATION.format(name=name) for name in ("channel", "team", "assignee")},
}
_DUE_BEFORE = "c.due_at < :due_before"
_AFTER = """
    (c.sort_at, c.clock_id) > (coalesce(cast(:after_at AS timestamptz), 'infinity'), :after_id)
"""

_FIND = text(
    f"""
    SELECT {CLOCK.of("c")}, {ANNOUNCED} FROM clock c {CONVERSATION}
    WHERE c.tenant_id = :tenant AND c.clock_id = :id
    """
)


@dataclass(frozen=True, slots=True)
class ClockFilters:
    """Which clocks to list: allowed values by field, and deadlines before a time."""

    allowed: Mapping[str, Sequence[str]]
    due_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class After:
    """The last clock of the previous page."""

    due_at: datetime | None
    clock_id: UUID


async def list_clocks(
    connection: ReadConnection,
    tenant_id: str,
    filters: ClockFilters,
    *,
    after: After | None,
    limit: int,
) -> Sequence[OwnedClock]:
    """Return a page of clocks, the next due first, clocks without a due time last.

    Superseded clocks are left out.
    """
    where = ["c.tenant_id = :tenant", "NOT c.superseded"]
    where += [_FILTERS[name] for name in filters.allowed]
    values: dict[str, Any] = {"tenant": tenant_id, "limit": limit}
    values |= {name: list(allowed) for name, allowed in filters.allowed.items()}
    if filters.due_before is not None:
        where.append(_DUE_BEFORE)
        values["due_before"] = filters.due_before
    if after is not None:
        where.append(_AFTER)
        values |= {"after_at": after.due_at, "after_id": after.clock_id}
    statement = f"""
        SELECT c.*, {ANNOUNCED} FROM (
            SELECT {CLOCK.of("c")}, c.sort_at FROM clock c
            WHERE {" AND ".join(where)}
            ORDER BY c.sort_at, c.clock_id LIMIT :limit
        ) AS c
        {CONVERSATION}
        ORDER BY c.sort_at, c.clock_id
    """
    return [from_joined_row(row) for row in await connection.execute(text(statement), values)]


async def find_clock(
    connection: ReadConnection, tenant_id: str, clock_id: UUID
) -> OwnedClock | None:
    row = (await connection.execute(_FIND, {"tenant": tenant_id, "id": clock_id})).one_or_none()
    return None if row is None else from_joined_row(row)
