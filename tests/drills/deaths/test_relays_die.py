"""A relay dies, or is frozen and replaced, while it publishes a batch or a heartbeat."""

from typing import Literal

import psutil
import pytest

from common.messaging import heartbeat_topic
from devstack.fleet.processes import KILLED
from devstack.testing.wait import until
from tests.drills.callers.messages import a_message
from tests.drills.drill import Drill
from tests.drills.faults.points import How, Point, Port, When
from tests.drills.invariants.deadlines import retracted_certain_breaches

pytestmark = [pytest.mark.drill, pytest.mark.timeout(600)]

RELAY, OTHER = "interactions relay", "interactions relay 2"
GAPS: tuple[tuple[Port, When], ...] = (
    ("send", "before"),
    ("send", "midway"),
    ("mark", "before"),
    ("mark", "after"),
)

HEARTBEATS = heartbeat_topic("interactions")
AROUND_A_HEARTBEAT: tuple[When, ...] = ("before", "after")

_END_SESSIONS_WITH_A_SHARD = """
    SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE l.locktype = 'advisory' AND l.objsubid = 2 AND a.datname = current_database()
"""


async def test_a_relay_that_dies_with_a_batch_loses_and_reorders_nothing(drill: Drill):
    batches = [[a_message() for _ in range(6)] for _ in GAPS]
    await drill.strike(
        RELAY,
        *(
            (Point(at, when, about=batch[0].token), drill.action("batch", *batch))
            for (at, when), batch in zip(GAPS, batches, strict=True)
        ),
    )
    await drill.check_invariants()


async def test_a_relay_that_dies_around_a_heartbeat_makes_no_breach_wrong_or_lost(drill: Drill):
    """It has read how far it is; an answer is written before anybody says so."""
    conversations: set[str] = set()
    drill.fleet.stop(RELAY)
    for when in AROUND_A_HEARTBEAT:
        left, answered = a_message(), a_message()
        await drill.start(RELAY, _heartbeat(when, behind=answered.token))
        said = await drill.speaker.say("batch", left, answered)
        assert await drill.fleet.wait_for_exit(RELAY) == KILLED
        conversations |= {answer["conversation_id"] for answer in said}
        await drill.speaker.say("rest", a_message(conversation_id=said[1]["conversation_id"]))
    drill.fleet.launch(RELAY)
    evidence = await drill.check_invariants()
    assert conversations.isdisjoint(key[0] for key in retracted_certain_breaches(evidence))


@pytest.mark.parametrize("at", ["send", "mark", "heartbeat"])
async def test_a_frozen_relay_that_lost_its_shard_can_only_repeat_events(
    drill: Drill, at: Literal["send", "mark", "heartbeat"]
):
    messages = [a_message() for _ in range(4)]
    await drill.replace(RELAY, _freezing(at, messages[0].token))
    said = await drill.speaker.say("batch", *messages)
    zombie = psutil.Process(drill.fleet.processes[RELAY].pid)
    await until(lambda: zombie.status() == psutil.STATUS_STOPPED, within=30)
    await drill.execute("interactions", _END_SESSIONS_WITH_A_SHARD)
    drill.fleet.launch(OTHER)
    await drill.fleet.wait_ready(OTHER)
    try:
        answers = [a_message(conversation_id=answer["conversation_id"]) for answer in said[:2]]
        await drill.speaker.say("batch", *answers)
        await until(lambda: _published(drill, [m.token for m in messages + answers]), within=30)
        drill.fleet.thaw(RELAY)
        await until(lambda: drill.fleet.log_contains(RELAY, "relay.interrupted"), within=30)
        evidence = await drill.check_invariants()
        conversations = {answer["conversation_id"] for answer in said}
        assert conversations.isdisjoint(key[0] for key in retracted_certain_breaches(evidence))
    finally:
        drill.fleet.stop(OTHER)


def _freezing(at: Literal["send", "mark", "heartbeat"], token: str) -> Point:
    if at == "heartbeat":
        return _heartbeat("before", behind=token, how="freeze")
    return Point(at, "before", how="freeze", about=token)


def _heartbeat(when: When, *, behind: str, how: How = "kill") -> Point:
    """Return the first heartbeat behind a message: it speaks of that message too."""
    return Point("send", when, how=how, about=HEARTBEATS, behind=behind)


async def _published(drill: Drill, tokens: list[str]) -> bool:
    rows = await drill.execute(
        "interactions",
        """
        SELECT count(*) FROM outbox
        WHERE published_at IS NOT NULL
          AND nullif(payload, '')::jsonb -> 'data' ->> 'text' = ANY ($1::text[])
        """,
        tokens,
    )
    return bool(rows[0][0] == len(tokens))


async def test_maintenance_that_dies_half_way_is_done_by_the_next_process(drill: Drill):
    drill.fleet.stop(RELAY)
    drill.fleet.launch(RELAY, through=Point("transaction", "before", of="maintain").words())
    await drill.await_death(RELAY)
    await drill.check_invariants()
