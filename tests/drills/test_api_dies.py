"""The API dies around its COMMIT, and around its question to identity."""

import asyncio

import pytest

from tests.drills.drilling import Drill
from tests.drills.messages import a_message
from tests.drills.points import Point

pytestmark = [pytest.mark.drill, pytest.mark.timeout(300)]

API, IDENTITY = "interactions api", "identity api"


@pytest.mark.parametrize("when", ["before", "after"])
async def test_an_api_that_dies_around_its_commit_is_asked_again(drill: Drill, when: str):
    message = a_message()
    await drill.replace(API, Point("transaction", when, about=message.token))
    asking = asyncio.create_task(drill.speaker.say("batch", message))
    await drill.dies(API)
    [answer] = await asking
    assert answer["duplicate"] is (when == "after")
    await drill.all_is_well()


async def test_a_commit_whose_answer_was_lost_is_503_and_a_repeat_finds_it(drill: Drill):
    message = a_message()
    await drill.replace(API, Point("transaction", "after", about=message.token, how="raise"))
    [answer] = await drill.speaker.say("batch", message)
    assert answer["duplicate"]
    drill.fleet.stop(API)
    drill.fleet.launch(API)
    await drill.all_is_well()


async def test_a_customer_whom_identity_made_for_an_api_that_died_is_found_again(drill: Drill):
    message = a_message()
    await drill.replace(API, Point("post", "after"))
    asking = asyncio.create_task(drill.speaker.say("rest", message))
    await drill.dies(API)
    [answer] = await asking
    made = await drill.execute(
        "identity", "SELECT customer_id::text FROM identifier WHERE value = $1", message.phone
    )
    assert [row["customer_id"] for row in made] == [answer["customer_id"]]
    await drill.all_is_well()


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_merge_whose_answer_was_lost_is_one_merge(drill: Drill, when: str):
    said = [(await drill.speaker.say("rest", a_message()))[0] for _ in range(2)]
    source, target = (one["customer_id"] for one in said)
    await drill.replace(IDENTITY, Point("transaction", when, of="merge_customers"))
    merging = asyncio.create_task(drill.speaker.merge("demo", source, into=target))
    await drill.dies(IDENTITY)
    assert (await merging)["customer_id"] == target
    logged = await drill.execute(
        "identity", "SELECT FROM merge_log WHERE survivor_id::text = $1", target
    )
    assert len(logged) == 1
    await drill.all_is_well()
