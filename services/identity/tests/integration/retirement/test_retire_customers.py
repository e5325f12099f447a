"""Customers that an earlier version made of nothing usable are retired, once, and no others."""

from uuid import UUID

import pytest
from sqlalchemy import text

from common.ids import new_id
from common.runtime import Loop
from devstack.testing.costs import cost_of
from identity.customers.domain.identifiers import Level
from identity.retirement.store import empty_customers
from identity.retirement.timers import retire_empty
from identity.retirement.usecases.retire_customers import retire_customers
from services.identity.tests.harness import client, email
from services.identity.tests.integration.api_requests import MAIL, resolve

_EMPTY = text(
    """
    WITH made AS (
        INSERT INTO customer (tenant_id, id, version, created_at, updated_at, attributes)
        VALUES (:tenant_id, :id, 1, :created_at, :created_at, '{}')
        RETURNING tenant_id, id
    )
    INSERT INTO customer_alias (tenant_id, origin_id, canonical_id) SELECT tenant_id, id, id
    FROM made
    """
)
RETIRED = "SELECT id FROM customer WHERE retired_at IS NOT NULL"


async def empty(actor, *, tenant="demo", created_at=None) -> UUID:
    """Add a customer as a version before made one of nothing usable."""
    customer_id = new_id()
    values = {
        "tenant_id": tenant,
        "id": customer_id,
        "created_at": created_at or actor.clock.now(),
    }
    await actor.database.run(lambda tx: tx.execute(_EMPTY, values))
    return customer_id


async def retire(service) -> int:
    """Run rounds until nothing is left; return how many it took."""
    loop = service.components["maintenance:retire_empty"]
    assert isinstance(loop, Loop)
    rounds = 0
    while await loop.round() == 0:
        rounds += 1
    return rounds


async def retired(actor) -> set[UUID]:
    return {row.id for row in await actor.rows(RETIRED)}


async def test_an_empty_customer_is_retired_with_an_event(service, actor, api):
    nobody = await empty(actor)
    anna = await actor.meet(email("anna"), name="Anna")
    await retire(service)
    assert await retired(actor) == {nobody}
    [event] = await actor.events("customer.retired")
    assert event["data"]["customer_id"] == str(nobody)
    assert event["data"]["reason"] == "nothing_usable"
    shown = (await api.get(f"/v1/customers/{nobody}")).json()
    assert (shown["customer_id"], shown["version"]) == (str(nobody), 2)
    assert shown["retired_at"] == event["data"]["retired_at"]
    assert (await api.get(f"/v1/customers/{anna.customer_id}")).json()["retired_at"] is None


async def test_attributes_alone_lead_to_nobody(service, actor):
    nobody = await empty(actor)
    attributes = text("UPDATE customer SET attributes = cast(:a AS jsonb) WHERE id = :id")
    name = '{"name": {"value": "Walk-in", "observed_at": "2026-01-01T00:00:00Z"}}'
    await actor.database.run(lambda tx: tx.execute(attributes, {"id": nobody, "a": name}))
    await retire(service)
    assert await retired(actor) == {nobody}


async def test_it_happens_once_and_each_customer_is_retired_once(service, actor):
    await empty(actor)
    await retire(service)
    later = await empty(actor)
    assert await retire(service) == 0
    await actor.database.run(retire_customers, count=10, now=actor.clock.now())
    assert later not in await retired(actor)
    assert len(await actor.events("customer.retired")) == 1


async def test_the_search_goes_on_where_it_stopped_for_every_tenant(service, actor, monkeypatch):
    monkeypatch.setattr(retire_empty, "BATCH", 2)
    nobodies = {await empty(actor, tenant=tenant) for tenant in ("a", "b", "demo") for _ in "123"}
    assert await retire(service) == 5
    assert await retired(actor) == nobodies
    rows = await actor.rows("SELECT tenant_id, count(*) FROM outbox GROUP BY 1 ORDER BY 1")
    assert [tuple(row) for row in rows] == [("a", 3), ("b", 3), ("demo", 3)]


async def test_whoever_absorbed_somebody_stays(service, actor):
    kept, absorbed = await empty(actor), await empty(actor)
    await actor.merge(absorbed, kept)
    await retire(service)
    assert await retired(actor) == set()


async def test_whoever_lost_an_identifier_when_keys_changed_stays(service, actor):
    loser = await empty(actor)
    winner = (await actor.meet(email("anna", Level.VERIFIED))).customer_id
    conflict = text(
        """
        INSERT INTO key_conflict (tenant_id, type, scope, value, customer_id, held_by, raw, level,
                                  reason, normaliser_version, found_at)
        VALUES ('demo', 'email', '', 'a', :loser, :winner, 'a', 'claimed', 'x', 2, now())
        """
    )
    values = {"loser": loser, "winner": winner}
    await actor.database.run(lambda tx: tx.execute(conflict, values))
    await retire(service)
    assert await retired(actor) == set()


async def test_whoever_came_after_the_search_began_stays(service, actor):
    await actor.database.run(empty_customers.lock_position, now=actor.clock.now())
    await empty(actor, created_at=actor.clock.now())
    await retire(service)
    assert await retired(actor) == set()


@pytest.mark.parametrize("how", ["absorbed", "survives"])
async def test_a_merge_ends_the_retirement(service, actor, api, how):
    nobody = await empty(actor)
    await retire(service)
    anna = (await actor.meet(email("anna"))).customer_id
    source, target = (nobody, anna) if how == "absorbed" else (anna, nobody)
    await actor.merge(source, target)
    assert await retired(actor) == set()
    shown = (await api.get(f"/v1/customers/{nobody}")).json()
    assert (shown["customer_id"], shown["retired_at"]) == (str(target), None)


async def test_nobody_is_redirected(service, actor, api):
    nobody = await empty(actor)
    before = await actor.rows("SELECT * FROM customer_alias ORDER BY origin_id")
    await retire(service)
    assert await actor.rows("SELECT * FROM customer_alias ORDER BY origin_id") == before
    found = await resolve(api, MAIL, attributes={"name": "Walk-in"})
    assert found["customer_id"] != str(nobody)


async def test_other_tenants_do_not_see_it(service, actor):
    nobody = await empty(actor)
    await retire(service)
    async with client(service, tenant="other") as other:
        assert (await other.get(f"/v1/customers/{nobody}")).status_code == 404


async def test_a_round_costs_the_same_among_many(actor):
    """Also while Postgres has no statistics of the tables."""

    async def cost():
        # Each round goes on behind the last one; ids grow with time.
        for _ in range(20):
            await empty(actor)
        await actor.database.run(_reopen)
        return await cost_of(actor.database, retire_customers, count=20, now=actor.clock.now())

    await actor.database.run(retire_customers, count=20, now=actor.clock.now())
    first = [await cost() for _ in range(8)][-1]
    for number in range(500):
        await actor.meet(email(f"{number}"))
    position = text("UPDATE retirement SET tenant_id = 'demo', customer_id = :id")
    await actor.database.run(lambda tx: tx.execute(position, {"id": new_id()}))
    assert await cost() == first


async def _reopen(tx):
    await tx.execute(text("UPDATE retirement SET finished = false, began_at = now() + '1 day'"))
