"""One tenant's flood of deadlines hardly delays another's breaches."""

import pytest

from devstack.fleet.fleet import Fleet
from devstack.testing.clocks import OPEN_CLOCKS
from devstack.testing.wait import until
from tests.drills.fairness.comparison import FACTOR, ROUNDS, TENANT, p99_of, shown

pytestmark = [pytest.mark.long_drill, pytest.mark.timeout(1_800)]

MODEST, FLOOD = 100, 30_000
SECONDS = 2.0
"""The modest tenant's deadlines lie this far apart in all; the flood's fall at one instant."""
LEAD_SECONDS = 3.0
FLOOR_SECONDS = 1.0
"""Twice the mark of a breach, for two cores that the flood keeps busy in every service."""

_PUBLISHED = """
SELECT extract(epoch FROM o.published_at - c.due_at)::float8 AS seconds
  FROM clock c JOIN outbox o ON o.aggregateid = c.conversation_id::text
 WHERE c.conversation_id::text = ANY ($1) AND o.published_at IS NOT NULL
"""
_LEFT = "SELECT count(*) AS n FROM clock WHERE tenant_id = $1 AND breached_at IS NULL"


async def test_a_flood_of_deadlines_hardly_delays_another_tenants_breaches(fleet: Fleet):
    alone, beside = [], []
    for _ in range(ROUNDS):
        alone.append(await _p99(fleet))
        await _open(fleet, "demo", FLOOD, 0)
        beside.append(await _p99(fleet))
        assert await _left(fleet, "demo"), "the flood was over too early"
        await until(lambda: _none_left(fleet, "demo"), 120, every=0.2)
    print(f"deadlines: alone {shown(alone)}, beside {shown(beside)}")  # noqa: T201 - the figures of the drill
    assert min(beside) <= max(FACTOR * min(alone), FLOOR_SECONDS)


async def _p99(fleet: Fleet) -> float:
    """Return the p99 of the seconds from a deadline until its breach was sent to Kafka."""
    opened = await _open(fleet, TENANT, MODEST, SECONDS / MODEST)
    found: list[float] = []

    async def all_published() -> bool:
        rows = await fleet.rows("sla", _PUBLISHED, opened)
        found[:] = [row["seconds"] for row in rows]
        return len(found) == MODEST

    await until(all_published, 120, every=0.2)
    return p99_of(found)


async def _open(fleet: Fleet, tenant: str, count: int, apart_seconds: float) -> list[str]:
    rows = await fleet.rows("sla", OPEN_CLOCKS, tenant, count, LEAD_SECONDS, apart_seconds)
    return [row["conversation_id"] for row in rows]


async def _left(fleet: Fleet, tenant: str) -> int:
    rows = await fleet.rows("sla", _LEFT, tenant)
    return int(rows[0]["n"])


async def _none_left(fleet: Fleet, tenant: str) -> bool:
    return not await _left(fleet, tenant)
