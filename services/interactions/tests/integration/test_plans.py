"""Plans made before a table has statistics: connections keep them while it grows."""

from datetime import timedelta

from sqlalchemy import text

from common.jsons import loads
from interactions.history.store import candidates
from services.interactions.tests.harness import running
from services.interactions.tests.integration.context.test_context_plans import nodes


async def test_sessions_of_the_service_use_indexes_only(fresh_dsn):
    async with running(fresh_dsn("interactions")) as api:
        [row] = await api.rows("SHOW enable_seqscan")
    assert row[0] == "off"


async def test_a_conversation_is_found_by_its_id_alone(database):
    async def explain(connection):
        await connection.execute(text("SET LOCAL enable_seqscan = off"))
        await connection.execute(text("SET LOCAL plan_cache_mode = force_generic_plan"))
        asked = text(f"EXPLAIN (FORMAT JSON) {candidates.FIND.text}")
        values = {"tenant_id": "demo", "items": "[]", "span": timedelta(days=1), "space": 1}
        found = (
            await connection.execute(asked, values | {"threads_are_locked": False})
        ).scalar_one()
        return found if isinstance(found, list) else loads(found)

    (plan,) = await database.run(explain)
    by_id = [
        node["Index Name"]
        for node in nodes(plan["Plan"])
        if "conversation_id = wanted" in node.get("Index Cond", "") + node.get("Filter", "")
    ]
    assert by_id == ["conversation_pkey"]
