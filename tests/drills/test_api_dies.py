"""The API dies around its COMMIT."""

import asyncio

import pytest

from tests.drills.drilling import Drill, a_message
from tests.drills.points import Point

pytestmark = [pytest.mark.drill, pytest.mark.timeout(300)]

API = "interactions api"


@pytest.mark.parametrize("when", ["before", "after"])
async def test_an_answer_that_was_never_sent_is_asked_for_again(drill: Drill, when: str):
    message = a_message()
    await drill.replace(API, Point("transaction", when, about=message.token))
    asking = asyncio.create_task(drill.speaker.say("rest", message))
    await drill.dies(API)
    [answer] = await asking
    assert answer["duplicate"] is (when == "after")
    await drill.all_is_well()
