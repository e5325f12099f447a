"""The change feed over HTTP: nothing appears behind what was shown."""

import asyncio
import random

import pytest

from common.ids import new_id
from devstack.testing.postgres import open_transaction
from services.interactions.tests.context_rows import (
    a_change,
    a_conversation,
    an_interaction,
    merged,
    project_customers,
)

NIL = "00000000-0000-0000-0000-000000000000"


async def a_recorded_interaction(tx, customer, *, tenant_id="demo", told_customer=None, **given):
    """Insert conversation, interaction and change, as recording does."""
    conversation = await a_conversation(tx, customer, tenant_id=tenant_id)
    interaction, _ = await an_interaction(
        tx, customer, conversation_id=conversation, tenant_id=tenant_id, **given
    )
    sequence = await a_change(
        tx,
        interaction,
        customer_id=told_customer or customer,
        conversation_id=conversation,
        tenant_id=tenant_id,
    )
    return interaction, sequence


async def follow(api, after=0, limit=500):
    answer = await api.get(f"/v1/changes?after={after}&limit={limit}")
    assert answer.status_code == 200
    return answer.json()


async def test_a_change_carries_its_interaction(api):
    customer = new_id()
    interaction, sequence = await api.run(a_recorded_interaction, customer)
    feed = await follow(api)
    (item,) = feed["items"]
    assert item["sequence"] == feed["next"] == sequence
    assert item["type"] == "interaction.recorded"
    assert item["customer_id"] == str(customer)
    assert item["interaction"]["interaction_id"] == str(interaction)
    assert item["interaction"]["text"] == "Where is my order?"


async def test_the_end_of_the_feed_repeats_the_position(api):
    await api.run(a_recorded_interaction, new_id())
    last = (await follow(api))["next"]
    assert await follow(api, after=last) == {"items": [], "next": last}
    _, sequence = await api.run(a_recorded_interaction, new_id())
    assert [i["sequence"] for i in (await follow(api, after=last))["items"]] == [sequence]


async def test_a_page_has_the_requested_length(api):
    sequences = [(await api.run(a_recorded_interaction, new_id()))[1] for _ in range(5)]
    found, after = [], 0
    while items := (feed := await follow(api, after=after, limit=2))["items"]:
        assert len(items) <= 2
        found += [i["sequence"] for i in items]
        after = feed["next"]
    assert found == sequences


async def test_a_tenant_sees_only_its_own_changes(api):
    await api.run(a_recorded_interaction, new_id(), tenant_id="other")
    assert (await follow(api))["items"] == []


async def test_without_pii_read_the_interaction_is_masked(api):
    await api.run(a_recorded_interaction, new_id(), text="Canary")
    answer = await api.get("/v1/changes", who="reader")
    assert len(answer.json()["items"]) == 1
    assert "Canary" not in answer.text
    assert (await api.get("/v1/changes", who="outsider")).status_code == 403


async def test_the_customer_is_the_canonical_one(api):
    one, two = new_id(), new_id()
    await api.run(a_recorded_interaction, one)
    await project_customers(api, merged(two, [one], sequence=2))
    (item,) = (await follow(api))["items"]
    assert item["customer_id"] == str(two)
    assert item["interaction"]["origin_customer_id"] == str(one)


async def test_an_unresolved_interaction_is_in_the_feed_without_a_customer(api):
    await api.run(a_recorded_interaction, NIL)
    (item,) = (await follow(api))["items"]
    assert item["customer_id"] is None
    assert item["interaction"]["origin_customer_id"] is None


async def test_a_slow_transaction_never_appears_before_changes_already_read(api):
    """The slow one takes its number first and commits last."""
    async with open_transaction(api.service.database) as slow:
        _, early = await a_recorded_interaction(slow, new_id())
        _, later = await api.run(a_recorded_interaction, new_id())
        assert early < later
        shown = await follow(api)
        assert shown["items"] == []
        assert shown["next"] == 0
    assert [i["sequence"] for i in (await follow(api))["items"]] == [early, later]


async def test_a_follower_among_many_writers_misses_nothing(api):
    """Writers commit in random order; the follower only ever asks for what comes after."""
    dice = random.Random(3)  # noqa: S311 - waits need no secrecy
    written, seen, after = set(), [], 0
    done = asyncio.Event()

    async def write_slowly(tx):
        _, sequence = await a_recorded_interaction(tx, new_id())
        await asyncio.sleep(dice.random() * 0.05)
        return sequence

    async def writer():
        for _ in range(12):
            written.add(await api.run(write_slowly))

    async def writers():
        await asyncio.gather(*(writer() for _ in range(5)))
        done.set()

    task = asyncio.create_task(writers())
    while True:
        finished = done.is_set()
        feed = await follow(api, after=after, limit=7)
        seen += [i["sequence"] for i in feed["items"]]
        after = feed["next"]
        if finished and not feed["items"]:
            break
    await task
    assert seen == sorted(seen)
    assert set(seen) == written
    assert len(seen) == 60


@pytest.mark.parametrize("query", ["after=-1", "after=x", "after=9223372036854775808", "since=1"])
async def test_a_bad_position_is_422(api, query):
    assert (await api.get(f"/v1/changes?{query}")).status_code == 422
