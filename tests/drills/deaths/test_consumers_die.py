"""Consumers die between their effects and the commit of the two offsets.

Those of interactions and sla die at the same time, because each death delays its consumer group.
"""

import asyncio

import pytest

from tests.drills.callers.messages import a_message
from tests.drills.callers.partner import INBOUND
from tests.drills.drill import Drill
from tests.drills.faults.points import Point, When

pytestmark = [pytest.mark.drill, pytest.mark.timeout(600)]

INTERACTIONS, SLA = "interactions consumer", "sla consumer"


async def test_a_batch_in_progress_takes_effect_once_although_its_consumer_dies(drill: Drill):
    partner = [a_message(), a_message()]
    opened = [(await drill.speaker.say("rest", a_message()))[0] for _ in range(2)]
    about = [answer["conversation_id"] for answer in opened]
    answers = [a_message(conversation_id=conversation_id) for conversation_id in about]
    await asyncio.gather(
        drill.strike(
            INTERACTIONS,
            (_committing("before", partner[0].token), drill.action("kafka", partner[0])),
            (_committing("after", partner[1].token), drill.action("kafka", partner[1])),
        ),
        drill.strike(
            SLA,
            (_committing("before", about[0]), drill.action("rest", answers[0])),
            (_committing("after", about[1]), drill.action("rest", answers[1])),
        ),
    )
    await drill.check_invariants()


async def test_dead_letters_are_stored_once_whatever_offset_kafka_has(drill: Drill):
    undone, done, sound = a_message(), a_message(), a_message()
    await asyncio.gather(
        drill.strike(
            INTERACTIONS,
            (_committing("before", undone.token), lambda: drill.speaker.say_nonsense(undone)),
            (_committing("after", done.token), lambda: drill.speaker.say_nonsense(done)),
        ),
        drill.strike(
            SLA,
            (Point("report", "before", nth=2), drill.action("rest", a_message())),
            (Point("report", "after", nth=2), drill.action("rest", a_message())),
        ),
    )
    await drill.speaker.say("kafka", sound)
    evidence = await drill.check_invariants()
    letters = [row["record_value"] for row in evidence.rows["interactions"]["dead_letter"]]
    for poison in (undone, done):
        assert [poison.token.encode() in letter for letter in letters].count(True) == 1
    published = {event.body["id"] for event in evidence.events[f"{INBOUND}.dead"] if event.body}
    assert len(published) == len(letters)


def _committing(when: When, about: str) -> Point:
    return Point("transaction", when, of="apply_batch", about=about)
