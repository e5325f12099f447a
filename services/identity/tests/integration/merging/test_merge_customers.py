import asyncio
import random
from uuid import uuid4

import pytest

from common.errors import ConflictError, NotFoundError
from identity.customers.domain.customers import CustomerLimits
from identity.customers.domain.identifiers import Level
from identity.customers.store.customer_json import customer_from_json
from services.identity.tests.harness import Actor, assert_sound, device, email

P, V = Level.CHANNEL_PROVED, Level.VERIFIED


async def test_the_target_survives_and_both_keys_get_an_event(actor):
    anna, berta = await actor.meet(email("anna")), await actor.meet(email("berta"))
    merged = await actor.merge(anna.customer_id, berta.customer_id)
    assert merged.customer_id == berta.customer_id
    (event,) = await actor.events("customer.merged")
    assert event["data"]["survivor_id"] == event["subject_id"] == str(berta.customer_id)
    assert event["data"]["actor"] == "agent-7"
    (redirect,) = await actor.events("customer.redirected")
    assert (redirect["subject_id"], redirect["sequence"]) == (str(anna.customer_id), 2)
    assert (await actor.meet(email("anna"))).customer_id == berta.customer_id
    await assert_sound(actor)


async def test_the_merge_log_keeps_both_customers_exactly_as_they_were(actor):
    first = await actor.meet(email("anna", V), name="Anna")
    second = await actor.meet(email("berta"), device("b"), name="Berta", tier=None)
    await actor.merge(first.customer_id, second.customer_id)
    third = await actor.meet(email("carla"))
    await actor.merge(second.customer_id, third.customer_id)
    rows = await actor.rows("SELECT before FROM merge_log ORDER BY merged_at")
    survivor, absorbed = (customer_from_json(image) for image in rows[0].before)
    assert (survivor.id, absorbed.id) == (second.customer_id, first.customer_id)
    assert {key.value for key in survivor.identifiers} == {"berta@nordlys.se", "dev-b"}
    assert survivor.attributes["tier"].value is None
    assert absorbed.attributes["name"].value == "Anna"
    assert [identifier.level for identifier in absorbed.identifiers.values()] == [V]
    _, absorbed = (customer_from_json(image) for image in rows[1].before)
    assert absorbed.merged_ids == (first.customer_id,)


async def test_chains_of_merges_resolve_in_one_hop(actor):
    met = [await actor.meet(email(name)) for name in ("anna", "berta", "carla", "doris")]
    a, b, c, d = (resolution.customer_id for resolution in met)
    await actor.merge(a, b)
    await actor.merge(c, d)
    merged = await actor.merge(a, c)
    assert merged.customer_id == d
    assert set(merged.plan.absorbed_ids) == {a, b}
    rows = await actor.rows("SELECT canonical_id FROM customer_alias")
    assert {row.canonical_id for row in rows} == {d}
    await assert_sound(actor)


async def test_merging_customers_that_are_one_succeeds_without_a_change(actor):
    anna, berta = await actor.meet(email("anna")), await actor.meet(email("berta"))
    await actor.merge(anna.customer_id, berta.customer_id)
    events = len(await actor.events())
    for pair in ((anna, anna), (anna, berta), (berta, anna)):
        merged = await actor.merge(pair[0].customer_id, pair[1].customer_id)
        assert (merged.plan, merged.merge_id) == (None, None)
        assert merged.customer_id == berta.customer_id
    assert len(await actor.events()) == events


async def test_a_dry_run_returns_the_plan_and_changes_nothing(actor):
    anna, berta = await actor.meet(email("anna")), await actor.meet(email("berta"))
    merged = await actor.merge(anna.customer_id, berta.customer_id, dry_run=True)
    assert merged.plan.absorbed_ids == (anna.customer_id,)
    assert len(merged.plan.after.identifiers) == 2
    assert (await actor.meet(email("anna"))).customer_id == anna.customer_id
    assert len(await actor.events()) == 2


async def test_unknown_ids_and_ids_of_another_tenant_are_not_found(service, actor):
    anna = await actor.meet(email("anna"))
    there = await Actor(service, "other").meet(email("anna"))
    for stranger in (uuid4(), there.customer_id):
        with pytest.raises(NotFoundError):
            await actor.merge(stranger, anna.customer_id)


async def test_a_merge_beyond_the_limit_is_a_conflict(service, actor):
    anna, berta = await actor.meet(email("anna")), await actor.meet(email("berta"))
    with pytest.raises(ConflictError):
        await Actor(service, limits=CustomerLimits(max_identifiers=1)).merge(
            anna.customer_id, berta.customer_id
        )


async def test_twenty_concurrent_merges_in_both_directions_are_one_merge(actor):
    a = (await actor.meet(email("anna"))).customer_id
    b = (await actor.meet(email("berta"))).customer_id
    outcomes = await asyncio.gather(
        *(actor.merge(*((a, b) if number % 2 else (b, a))) for number in range(20))
    )
    assert sum(outcome.plan is not None for outcome in outcomes) == 1
    assert len({outcome.customer_id for outcome in outcomes}) == 1
    assert len(await actor.events("customer.merged")) == 1
    await assert_sound(actor)


async def test_concurrent_merges_in_a_ring_end_in_one_customer(actor):
    met = [(await actor.meet(email(f"u{number}"))).customer_id for number in range(6)]
    ring = [(met[number], met[(number + 1) % 6]) for number in range(6)] * 2
    random.Random(7).shuffle(ring)  # noqa: S311 - repeatable, not secret
    await asyncio.gather(*(actor.merge(*pair) for pair in ring))
    assert len(await actor.events("customer.merged")) == 5
    await assert_sound(actor)


@pytest.mark.parametrize("seed", range(3))
async def test_random_interleavings_keep_the_database_sound(actor, seed):
    dice = random.Random(seed)  # noqa: S311 - repeatable, not secret
    people = [(await actor.meet(email(f"u{number}"))).customer_id for number in range(8)]

    async def work() -> None:
        for _ in range(12):
            if dice.random() < 0.3:
                await actor.merge(*dice.sample(people, 2))
                continue
            shown = [
                dice.choice((email, device))(
                    f"u{dice.randrange(12)}", dice.choice((P, Level.CLAIMED))
                )
                for _ in range(dice.randint(1, 3))
            ]
            await actor.resolve(actor.request(*shown), actor.request(shown[0]))

    await asyncio.gather(*(work() for _ in range(6)))
    await assert_sound(actor)
