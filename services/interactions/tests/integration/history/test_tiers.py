"""The tier that identity knows is in the events about a customer's conversations."""

import json

import pytest
from sqlalchemy import text

from common.ids import new_id
from interactions.history.domain.conversation import Opening
from services.interactions.tests.context_rows import created, merged, project_customers, updated
from services.interactions.tests.factories import NOON, a_draft, recording


async def record(api, *drafts, customer_id):
    from interactions.history import record_interactions

    return await api.run(record_interactions, recording(*drafts, customer_id=customer_id), now=NOON)


async def published(api):
    """Return the type and the tier of each event about conversations, in order."""
    rows = await api.rows("SELECT type, payload::text FROM outbox ORDER BY position")
    return [
        (kind.rpartition(".")[2], json.loads(payload)["data"]["customer_tier"])
        for kind, payload in rows
        if kind.startswith("interactions.")
    ]


async def a_customer(api, **attributes):
    customer = new_id()
    await project_customers(api, created(customer, attributes=attributes))
    return customer


async def test_a_conversation_has_the_tier_of_its_customer_from_its_opening_on(api):
    gold = await a_customer(api, tier="gold")
    await record(api, a_draft(), a_draft(text="again"), customer_id=gold)
    assert await published(api) == [("opened", "gold"), ("recorded", "gold"), ("recorded", "gold")]


async def test_a_reported_tier_counts_more(api):
    gold = await a_customer(api, tier="gold")
    opening = Opening(customer_tier="vip")
    await record(api, a_draft(opening=opening), customer_id=gold)
    await record(api, a_draft(text="again"), customer_id=gold)
    assert {tier for _, tier in await published(api)} == {"vip"}


async def test_each_conversation_of_a_batch_has_the_tier_of_its_own_customer(api):
    from dataclasses import replace

    from interactions.history import Resolved, record_interactions
    from interactions.history.domain.contact import Contact

    tiers = ["gold", "silver", None]
    customers = [await a_customer(api, **({"tier": t} if t else {"name": "x"})) for t in tiers]
    items = [
        Resolved(a_draft(text=str(tier), channel_account=str(n)), Contact(customer_id=customer))
        for n, (tier, customer) in enumerate(zip(tiers, customers, strict=True))
    ]
    command = replace(recording(), items=items)
    await api.run(record_interactions, command, now=NOON)
    assert [tier for kind, tier in await published(api) if kind == "opened"] == tiers


async def test_a_tier_that_identity_learns_later_comes_with_the_next_message(api):
    customer = await a_customer(api, name="Anna")
    await record(api, a_draft(), customer_id=customer)
    await project_customers(api, updated(customer, {"tier": "gold"}, sequence=2))
    await record(api, a_draft(text="again"), customer_id=customer)
    assert await published(api) == [("opened", None), ("recorded", None), ("recorded", "gold")]


async def test_a_tier_that_changes_later_leaves_the_conversation_as_it_is(api):
    customer = await a_customer(api, tier="gold")
    await record(api, a_draft(), customer_id=customer)
    await project_customers(api, updated(customer, {"tier": "silver"}, sequence=2))
    await record(api, a_draft(text="again"), customer_id=customer)
    assert {tier for _, tier in await published(api)} == {"gold"}


async def test_after_a_merge_the_tier_is_that_of_the_survivor(api):
    absorbed, survivor = await a_customer(api, name="a"), await a_customer(api, name="b")
    await record(api, a_draft(), customer_id=absorbed)
    merge = merged(survivor, [absorbed], sequence=2, attributes={"tier": "gold"})
    await project_customers(api, merge)
    await record(api, a_draft(text="again"), customer_id=survivor)
    assert (await published(api))[-1] == ("recorded", "gold")


@pytest.mark.parametrize("tier", ["", 7, True, None, ["gold"], {"name": "gold"}, "x" * 201])
async def test_what_is_no_name_of_a_tier_is_none(api, tier):
    customer = await a_customer(api, tier=tier)
    await record(api, a_draft(), customer_id=customer)
    await record(api, a_draft(text="again"), customer_id=customer)
    assert {each for _, each in await published(api)} == {None}


async def test_an_interaction_that_is_attached_brings_the_tier(api):
    await api.post("/v1/interactions", _body(api, away=True))
    gold = api.identity.customer("+44 20 7946 0018")
    await project_customers(api, created(gold, attributes={"tier": "gold"}))
    api.identity.away = False

    async def due(tx):
        await tx.execute(text("UPDATE unresolved SET next_attempt_at = clock_timestamp()"))

    await api.run(due)
    await api.tick("attach_unresolved")
    assert (await published(api))[-1] == ("attached", "gold")


def _body(api, *, away):
    from services.interactions.tests.factories import a_body

    api.identity.away = away
    return a_body()
