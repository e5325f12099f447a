"""A timer dies while it handles the rows that it has claimed."""

import pytest

from devstack.fleet.processes import KILLED
from tests.drills.callers.messages import a_message
from tests.drills.drill import Drill
from tests.drills.faults.points import Point

pytestmark = [pytest.mark.drill, pytest.mark.timeout(600)]

SLA_TIMER, TIMER, IDENTITY = "sla timer", "interactions timer", "identity api"


async def test_a_breach_is_declared_once(drill: Drill):
    drill.fleet.stop(SLA_TIMER)
    [said] = await drill.speaker.say("rest", a_message())
    for when in ("before", "after"):
        point = Point("transaction", when, of="fire_due_clocks", about=said["conversation_id"])
        # Do not wait until it is ready: the overdue clock kills it before that.
        drill.fleet.launch(SLA_TIMER, through=point.words())
        assert await drill.fleet.wait_for_exit(SLA_TIMER, within=60) == KILLED
    drill.fleet.launch(SLA_TIMER)
    await drill.check_invariants()


async def test_a_customer_is_attached_although_the_timer_died_with_the_answer(drill: Drill):
    await drill.replace(TIMER, Point("transaction", "before", of="attach_interactions"))
    drill.fleet.stop(IDENTITY)
    [said] = await drill.speaker.say("rest", a_message())
    assert said["customer_id"] is None
    drill.fleet.launch(IDENTITY)
    await drill.await_death(TIMER)
    await drill.check_invariants()
