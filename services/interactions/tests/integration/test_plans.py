"""Plans made before a table has statistics: connections keep them while it grows."""

from datetime import timedelta

from common.service import STEADY_PLANS
from devstack.testing.observation.plans import explain_kept_plan, use_steady_plans
from interactions.history.store import candidates
from services.interactions.tests.harness import running
from services.interactions.tests.integration.context.test_context_plans import nodes


async def test_sessions_of_the_service_use_indexes_only_and_make_plans_once(fresh_dsn):
    async with running(fresh_dsn("interactions")) as api:
        found = {name: (await api.rows(f"SHOW {name}"))[0][0] for name in STEADY_PLANS}
    assert found == STEADY_PLANS


async def test_a_conversation_is_found_by_its_id_alone(database):
    values = {"tenant_id": "demo", "items": "[]", "span": timedelta(days=1), "space": 1}

    async def explain(connection):
        await use_steady_plans(connection)
        return await explain_kept_plan(
            connection, candidates.FIND, values | {"threads_are_locked": False}
        )

    plan = await database.run(explain)
    by_id = [
        node["Index Name"]
        for node in nodes(plan)
        if "conversation_id = wanted" in node.get("Index Cond", "") + node.get("Filter", "")
    ]
    assert by_id == ["conversation_pkey"]
