"""Waiting work is claimed from all tenants in equal shares, however long a backlog is."""

from collections import Counter

import pytest
from sqlalchemy import text

from devstack.testing.observation.plans import explain_kept_plan, use_steady_plans
from interactions.channels.store import deliveries
from interactions.channels.store.deliveries import claim_deliveries
from interactions.history.domain.contact import NOBODY
from interactions.history.store import unresolved
from interactions.history.store.unresolved import claim_unresolved
from services.interactions.tests.integration.context.test_context_plans import nodes

BACKLOG = 2_000

_DELIVERIES = text(
    """
    INSERT INTO raw_delivery (tenant_id, received_at, delivery_id, provider, account, headers,
                              body, state)
    SELECT :tenant, clock_timestamp(), gen_random_uuid(), 'twilio', '+1', '[]', 'x', 'received'
    FROM generate_series(1, :count)
    """
)
_UNRESOLVED = text(
    """
    INSERT INTO unresolved (tenant_id, interaction_id, conversation_id, identifiers, observed_at,
                            next_attempt_at)
    SELECT :tenant, gen_random_uuid(), gen_random_uuid(), '[]', clock_timestamp(),
           clock_timestamp() + make_interval(secs => :wait)
    FROM generate_series(1, :count)
    """
)


async def add_deliveries(database, tenant, count):
    await database.run(_executed, _DELIVERIES, {"tenant": tenant, "count": count})


async def add_unresolved(database, tenant, count, *, wait=0.0):
    values = {"tenant": tenant, "count": count, "wait": wait}
    await database.run(_executed, _UNRESOLVED, values)


async def _executed(tx, statement, values):
    await tx.execute(statement, values)


async def _claim_deliveries(tx, count, after=""):
    return await claim_deliveries(tx, count=count, lease_seconds=30, after=after)


async def _claim_unresolved(tx, count, after=""):
    return await claim_unresolved(tx, count=count, after=after)


KINDS = pytest.mark.parametrize(
    ("add", "claim"),
    [(add_deliveries, _claim_deliveries), (add_unresolved, _claim_unresolved)],
    ids=["deliveries", "unresolved"],
)


@KINDS
async def test_a_backlog_of_one_tenant_does_not_keep_another_waiting(database, add, claim):
    await add(database, "a", BACKLOG)
    await add(database, "b", 3)
    claimed = Counter(row.tenant_id for row in await database.run(claim, 100))
    assert claimed == {"a": 50, "b": 3}


@KINDS
async def test_a_tenant_that_is_alone_gets_all(database, add, claim):
    await add(database, "a", 150)
    assert len(await database.run(claim, 100)) == 100
    assert len(await database.run(claim, 100)) == 50
    assert await database.run(claim, 100) == []


@KINDS
async def test_more_tenants_than_fit_are_served_one_after_the_other(database, add, claim):
    for number in range(6):
        await add(database, f"t{number}", 2)
    first = await database.run(claim, 3)
    assert len(first) == 3
    behind = max(row.tenant_id for row in first)
    second = await database.run(claim, 3, behind)
    assert {row.tenant_id for row in second}.isdisjoint({row.tenant_id for row in first})


async def test_rows_that_are_not_due_yet_take_no_share(database):
    for number in range(20):
        await add_unresolved(database, f"t{number}", 5, wait=60)
    await add_unresolved(database, "due", 100)
    claimed = await database.run(_claim_unresolved, 100)
    assert Counter(row.tenant_id for row in claimed) == {"due": 100}


@pytest.mark.parametrize(
    ("add", "statement", "table", "values"),
    [
        (add_deliveries, deliveries._CLAIM, "raw_delivery", {"lease_seconds": 30.0}),
        (add_unresolved, unresolved._CLAIM, "unresolved", {"tenants": 200, "nobody": NOBODY}),
    ],
    ids=["deliveries", "unresolved"],
)
async def test_a_claim_reads_no_more_than_it_takes(database, add, statement, table, values):
    await add(database, "a", BACKLOG)
    await add(database, "b", 10)

    async def explain(tx):
        await use_steady_plans(tx)
        return await explain_kept_plan(
            tx, statement, {"count": 20, "after": "", **values}, options="ANALYZE, FORMAT JSON"
        )

    plan = await database.run(explain)
    scans = [node for node in nodes(plan) if "Relation Name" in node]
    reads = [node for node in scans if node["Relation Name"].startswith(table)]
    assert all(node["Node Type"] != "Seq Scan" for node in reads)
    rows = sum(node["Actual Rows"] * node["Actual Loops"] for node in reads)
    assert rows <= 100
