"""A consumer dies between its effects and the two offsets that tell of them."""

import pytest

from tests.drills.drilling import Drill
from tests.drills.messages import a_message
from tests.drills.points import Point
from tests.drills.speaking import INBOUND

pytestmark = [pytest.mark.drill, pytest.mark.timeout(300)]

CONSUMER, SLA_CONSUMER = "interactions consumer", "sla consumer"


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_partners_record_takes_effect_once(drill: Drill, when: str):
    message = a_message()
    await drill.replace(CONSUMER, Point("transaction", when, about=message.token))
    await drill.speaker.say("kafka", message)
    await drill.dies(CONSUMER)
    await drill.all_is_well()


@pytest.mark.parametrize("when", ["before", "after"])
async def test_facts_make_clocks_once(drill: Drill, when: str):
    [said] = await drill.speaker.say("rest", asked := a_message())
    about = said["conversation_id"]
    await drill.replace(SLA_CONSUMER, Point("transaction", when, about=about))
    answer = a_message(asked.tenant, conversation_id=about)
    await drill.speaker.say("rest", answer)
    await drill.dies(SLA_CONSUMER)
    await drill.all_is_well()


@pytest.mark.parametrize("when", ["before", "after"])
async def test_what_kafka_was_told_of_the_offset_does_not_matter(drill: Drill, when: str):
    await drill.replace(SLA_CONSUMER, Point("report", when, nth=2))
    await drill.speaker.say("rest", a_message())
    await drill.dies(SLA_CONSUMER)
    await drill.speaker.say("rest", a_message())
    await drill.all_is_well()


@pytest.mark.parametrize("when", ["before", "after"])
async def test_poison_is_put_aside_once_with_its_event(drill: Drill, when: str):
    poison, sound = a_message(), a_message()
    await drill.replace(CONSUMER, Point("transaction", when, about=poison.token))
    await drill.speaker.say_nonsense(poison)
    await drill.speaker.say("kafka", sound)
    await drill.dies(CONSUMER)
    evidence = await drill.all_is_well()
    letters = evidence.rows["interactions"]["dead_letter"]
    assert [poison.token.encode() in row["record_value"] for row in letters].count(True) == 1
    told = [event.body["id"] for event in evidence.events[f"{INBOUND}.dead"] if event.body]
    assert len(set(told)) == len(letters)
