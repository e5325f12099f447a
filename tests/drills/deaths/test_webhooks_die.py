"""The process that handles a provider's webhook or its delivery dies."""

import pytest

from devstack.testing.wait import until
from tests.drills.callers.messages import Message, a_message
from tests.drills.drill import Drill
from tests.drills.faults.points import Point, When

pytestmark = [pytest.mark.drill, pytest.mark.timeout(600)]

API, TIMER = "interactions api", "interactions timer"
MAX_CLAIMS = 5

_LEASES_ARE_OVER = (
    "UPDATE raw_delivery SET leased_until = clock_timestamp() WHERE state = 'received'"
)
_DELIVERIES = """
    SELECT state, reason, attempts FROM raw_delivery
    WHERE convert_from(body, 'UTF8') LIKE '%' || $1 || '%'
"""


async def test_a_call_whose_answer_was_lost_is_repeated_and_stored_once(drill: Drill):
    lost, kept = a_message("other"), a_message()
    await drill.strike(
        API,
        (_storing("before", lost), drill.action("webhook", lost)),
        (_storing("after", kept), drill.action("webhook", kept)),
    )
    for message in (lost, kept):
        assert len(await drill.execute("interactions", _DELIVERIES, message.token)) == 1
    await drill.check_invariants()


def _storing(when: When, message: Message) -> Point:
    return Point("transaction", when, of="store_delivery", about=message.token)


async def test_a_delivery_in_progress_is_processed_again_after_its_timer_died(drill: Drill):
    undone, done = a_message(), a_message()

    async def call(message: Message) -> None:
        await drill.speaker.say("webhook", message)
        await drill.execute("interactions", _LEASES_ARE_OVER)

    await drill.strike(
        TIMER,
        (Point("transaction", "before", about=undone.token), lambda: call(undone)),
        (Point("transaction", "after", about=done.token), lambda: call(done)),
    )
    await drill.execute("interactions", _LEASES_ARE_OVER)
    await drill.check_invariants()


async def test_a_delivery_that_kills_its_process_each_time_is_quarantined(drill: Drill):
    killer, innocent = a_message(), a_message()
    point = Point("transaction", "before", of="record_deliveries", about=killer.token)
    drill.fleet.stop(TIMER)
    await drill.speaker.say("webhook", killer)
    for _ in range(MAX_CLAIMS):
        await drill.execute("interactions", _LEASES_ARE_OVER)
        drill.fleet.launch(TIMER, through=point.words())
        await drill.fleet.wait_for_exit(TIMER)
    await drill.speaker.say("webhook", innocent)
    await drill.execute("interactions", _LEASES_ARE_OVER)
    drill.fleet.launch(TIMER)

    async def quarantined() -> bool:
        [row] = await drill.execute("interactions", _DELIVERIES, killer.token)
        return (row["state"], row["reason"]) == ("quarantined", "too_many_attempts")

    await until(quarantined, within=30)
    await drill.check_invariants()
