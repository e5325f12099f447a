"""The API dies around its COMMIT and around its request to identity."""

from functools import partial

import pytest

from tests.drills.callers.messages import a_message
from tests.drills.drill import Drill
from tests.drills.faults.points import Point

pytestmark = [pytest.mark.drill, pytest.mark.timeout(600)]

API, IDENTITY = "interactions api", "identity api"


async def test_a_repeated_request_succeeds_after_its_api_died_around_commit(drill: Drill):
    undone, done = a_message(), a_message()
    [[first], [second]] = await drill.strike(
        API,
        (Point("transaction", "before", about=undone.token), drill.action("batch", undone)),
        (Point("transaction", "after", about=done.token), drill.action("batch", done)),
    )
    assert (first["duplicate"], second["duplicate"]) == (False, True)
    await drill.check_invariants()


async def test_a_commit_whose_answer_was_lost_is_503_and_a_repeat_finds_it(drill: Drill):
    message = a_message()
    await drill.replace(API, Point("transaction", "after", about=message.token, how="raise"))
    [answer] = await drill.speaker.say("batch", message)
    assert answer["duplicate"]
    drill.fleet.stop(API)
    drill.fleet.launch(API)
    await drill.check_invariants()


async def test_a_customer_created_for_an_api_that_died_is_found_again(drill: Drill):
    message = a_message()
    [[answer]] = await drill.strike(API, (Point("post", "after"), drill.action("rest", message)))
    created = await drill.execute(
        "identity", "SELECT customer_id::text FROM identifier WHERE value = $1", message.phone
    )
    assert [row["customer_id"] for row in created] == [answer["customer_id"]]
    await drill.check_invariants()


async def test_a_merge_whose_answer_was_lost_is_one_merge(drill: Drill):
    answers = [(await drill.speaker.say("rest", a_message()))[0] for _ in range(3)]
    one, other, survivor = (answer["customer_id"] for answer in answers)
    merge = partial(partial, drill.speaker.merge, "demo", into=survivor)
    merged = await drill.strike(
        IDENTITY,
        (Point("transaction", "before", of="merge_customers"), merge(one)),
        (Point("transaction", "after", of="merge_customers", about=other), merge(other)),
    )
    assert {answer["customer_id"] for answer in merged} == {survivor}
    logged = await drill.execute(
        "identity", "SELECT FROM merge_log WHERE survivor_id::text = $1", survivor
    )
    assert len(logged) == 2
    await drill.check_invariants()
