"""Clocks as the API reads them: listed by state and due time, or one by its id."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from common.db import ReadConnection
from sla.clocks.domain.clocks import ClockState, OwnedClock
from sla.clocks.store.clock_rows import CLOCK, from_row
from sla.rules.domain.hours import Hours
from sla.rules.domain.policy import AROUND_THE_CLOCK, Metric
from sla.rules.store.calendars import CALENDARS

_FILTERS = {
    "state": "state = :state",
    "metric": "metric = :metric",
    "policy_id": "policy_id = :policy_id",
    "conversation_id": "conversation_id = :conversation_id",
    "due_before": "due_at < :due_before",
}
_AFTER = "(sort_at, clock_id) > (coalesce(cast(:after_at AS timestamptz), 'infinity'), :after_id)"

_FIND = text(f"SELECT {CLOCK.names} FROM clock WHERE tenant_id = :tenant AND clock_id = :id")


@dataclass(frozen=True, slots=True)
class ClockFilters:
    """Which clocks to list; None matches any value."""

    state: ClockState | None = None
    metric: Metric | None = None
    policy_id: UUID | None = None
    conversation_id: UUID | None = None
    due_before: datetime | None = None

    def values(self) -> dict[str, Any]:
        """Return the filters that are set."""
        values = {name: getattr(self, name) for name in _FILTERS}
        return {name: value for name, value in values.items() if value is not None}


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
    filter_values = filters.values()
    where = ["tenant_id = :tenant", "NOT superseded", *(_FILTERS[name] for name in filter_values)]
    values = {"tenant": tenant_id, "limit": limit, **filter_values}
    if after is not None:
        where.append(_AFTER)
        values |= {"after_at": after.due_at, "after_id": after.clock_id}
    statement = f"""
        SELECT {CLOCK.names} FROM clock
        WHERE {" AND ".join(where)}
        ORDER BY sort_at, clock_id LIMIT :limit
    """
    return [from_row(row) for row in await connection.execute(text(statement), values)]


async def find_clock(
    connection: ReadConnection, tenant_id: str, clock_id: UUID
) -> OwnedClock | None:
    row = (await connection.execute(_FIND, {"tenant": tenant_id, "id": clock_id})).one_or_none()
    return None if row is None else from_row(row)


async def get_hours(connection: ReadConnection, owned: OwnedClock) -> Hours:
    """Return the hours of the calendar version that the clock was matched with."""
    clock = owned.current.clock
    if clock.calendar_id is None or clock.calendar_version is None:
        return AROUND_THE_CLOCK
    version = await CALENDARS.find_version(
        connection, owned.owner.tenant_id, clock.calendar_id, clock.calendar_version
    )
    return AROUND_THE_CLOCK if version is None else version.hours()
