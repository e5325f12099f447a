"""The consumer of sla dies around the step that makes a breach certain: its watermark is stored."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from common.db import wall_time
from devstack.fleet.processes import KILLED
from devstack.testing.wait import until
from tests.drills.callers.messages import COUNTER, Message, a_message
from tests.drills.drill import RESPONSE_SECONDS, Drill
from tests.drills.faults.points import Point, When
from tests.drills.invariants.deadlines import retracted_certain_breaches

pytestmark = [pytest.mark.drill, pytest.mark.timeout(600)]

RELAY, CONSUMER, TIMER = "interactions relay", "sla consumer", "sla timer"
TIME_TO_ACT = timedelta(seconds=RESPONSE_SECONDS[COUNTER] / 2)

_CLOCK = """
    SELECT clock.state, clock.confirmed, clock.due_at, clock.source_partition AS partition,
           progress.watermark
    FROM clock JOIN consumer_progress progress ON progress.partition = clock.source_partition
    WHERE clock.conversation_id = $1 AND clock.metric = 'first_response'
      AND progress.consumer = 'sla.conversations'
"""
_OTHER_WATERMARKS = """
    SELECT min(watermark) FROM consumer_progress
    WHERE consumer = 'sla.conversations' AND partition <> $1
"""


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_breach_is_certain_although_the_consumer_died_around_its_watermark(
    drill: Drill, when: When
):
    """Nobody repeats the heartbeat: it is read again, or what it said is stored."""
    drill.fleet.stop(TIMER)
    message, conversation_id, clock = await _start_clock(drill)
    drill.fleet.stop(RELAY)
    [again] = await drill.speaker.say("batch", replace(message, token=f"{message.token}-again"))
    assert again["conversation_id"] == conversation_id
    assert wall_time() < clock["due_at"], "this machine is too slow for a message in time"
    await drill.replace(CONSUMER, _storing(when, clock["partition"], behind=conversation_id))
    await until(lambda: wall_time() > clock["due_at"], within=20)
    drill.fleet.launch(RELAY)
    assert await drill.fleet.wait_for_exit(CONSUMER) == KILLED
    drill.fleet.stop(RELAY)
    assert await _is_past_due(drill, conversation_id) == (when == "after")
    if when == "before":
        drill.fleet.launch(CONSUMER)
        await until(lambda: _is_past_due(drill, conversation_id), within=60)
    drill.fleet.launch(TIMER)
    clock = await until(lambda: _breached(drill, conversation_id), within=25)
    assert clock["confirmed"]
    drill.fleet.launch(RELAY)
    if when == "after":
        drill.fleet.launch(CONSUMER)
    await drill.check_invariants()


async def test_no_breach_is_certain_while_the_answer_dies_with_the_consumer_that_read_it(
    drill: Drill,
):
    """Heartbeats of its partition speak of the answer, so they wait for it."""
    answer = a_message(channel=COUNTER)
    await drill.replace(CONSUMER, Point("batch", about=answer.token, how="hang"))
    _, conversation_id, clock = await _start_clock(drill)
    await drill.speaker.say("rest", replace(answer, conversation_id=conversation_id))
    assert wall_time() < clock["due_at"], "this machine is too slow for an answer in time"
    await until(lambda: _others_are_past(drill, clock), within=25)
    assert not await _is_past_due(drill, conversation_id)
    drill.fleet.kill(CONSUMER)
    drill.fleet.launch(CONSUMER)
    evidence = await drill.check_invariants()
    assert conversation_id not in {key[0] for key in retracted_certain_breaches(evidence)}
    clock = await _clock(drill, conversation_id)
    assert clock["state"] == "met"


async def _start_clock(drill: Drill) -> tuple[Message, str, Any]:
    """Return a message, its conversation and its clock; there is time left before the deadline.

    A consumer group may take longer to form than an answer may take, so this may need two messages.
    """
    while True:
        message = a_message(channel=COUNTER)
        [said] = await drill.speaker.say("batch", message)
        conversation_id = said["conversation_id"]
        clock = await until(partial(_clock, drill, conversation_id), within=30)
        if clock["due_at"] - wall_time() > TIME_TO_ACT:
            return message, conversation_id, clock


async def _clock(drill: Drill, conversation_id: str) -> Any:
    """Return a conversation's first clock and the watermark of its partition, None before both."""
    rows = await drill.execute("sla", _CLOCK, conversation_id)
    return rows[0] if rows and rows[0]["watermark"] else None


async def _is_past_due(drill: Drill, conversation_id: str) -> bool:
    clock = await _clock(drill, conversation_id)
    return bool(clock["watermark"] > clock["due_at"])


async def _breached(drill: Drill, conversation_id: str) -> Any:
    clock = await _clock(drill, conversation_id)
    return clock if clock["state"] == "breached" else None


async def _others_are_past(drill: Drill, clock: Mapping[str, Any]) -> bool:
    """Return whether the consumer has read heartbeats that are later than the deadline."""
    rows = await drill.execute("sla", _OTHER_WATERMARKS, clock["partition"])
    return bool(rows[0]["min"] > clock["due_at"])


def _storing(when: When, partition: int, *, behind: str) -> Point:
    """Return the storing of a partition's first heartbeat after a conversation's event."""
    return Point(
        "transaction",
        when,
        of="raise_watermarks",
        about=f"partition={partition},",
        behind=behind,
    )
