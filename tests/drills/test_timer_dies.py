"""A timer dies with what it has claimed in its hands."""

import pytest

from tests.drills.drilling import Drill
from tests.drills.messages import a_message
from tests.drills.points import Point

pytestmark = [pytest.mark.drill, pytest.mark.timeout(300)]

SLA_TIMER, TIMER, IDENTITY = "sla timer", "interactions timer", "identity api"


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_breach_is_declared_once(drill: Drill, when: str):
    drill.fleet.stop(SLA_TIMER)
    [said] = await drill.speaker.say("rest", a_message())
    about = said["conversation_id"]
    await drill.start(SLA_TIMER, Point("transaction", when, of="fire_due_clocks", about=about))
    await drill.dies(SLA_TIMER)
    await drill.all_is_well()


async def test_a_customer_is_attached_although_the_timer_died_with_the_answer(drill: Drill):
    await drill.replace(TIMER, Point("transaction", "before", of="attach_interactions"))
    drill.fleet.stop(IDENTITY)
    [said] = await drill.speaker.say("rest", a_message())
    assert said["customer_id"] is None
    drill.fleet.launch(IDENTITY)
    await drill.dies(TIMER)
    await drill.all_is_well()
