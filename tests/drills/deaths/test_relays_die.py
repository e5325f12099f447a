"""A relay dies, or is frozen and replaced, while it publishes a batch."""

import psutil
import pytest

from devstack.testing.wait import until
from tests.drills.callers.messages import a_message
from tests.drills.drill import Drill
from tests.drills.faults.points import Point, Port, When

pytestmark = [pytest.mark.drill, pytest.mark.timeout(600)]

RELAY, OTHER = "interactions relay", "interactions relay 2"
GAPS: tuple[tuple[Port, When], ...] = (
    ("send", "before"),
    ("send", "midway"),
    ("mark", "before"),
    ("mark", "after"),
)

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


@pytest.mark.parametrize("at", ["send", "mark"])
async def test_a_frozen_relay_that_lost_its_shard_can_only_repeat_events(drill: Drill, at: Port):
    messages = [a_message() for _ in range(4)]
    await drill.replace(RELAY, Point(at, "before", how="freeze", about=messages[0].token))
    await drill.speaker.say("batch", *messages)
    zombie = psutil.Process(drill.fleet.processes[RELAY].pid)
    await until(lambda: zombie.status() == psutil.STATUS_STOPPED, within=30)
    await drill.execute("interactions", _END_SESSIONS_WITH_A_SHARD)
    drill.fleet.launch(OTHER)
    await drill.fleet.wait_ready(OTHER)
    try:
        await until(lambda: _published(drill, [m.token for m in messages]), within=30)
        drill.fleet.thaw(RELAY)
        await until(lambda: drill.fleet.log_contains(RELAY, "relay.interrupted"), within=30)
        await drill.check_invariants()
    finally:
        drill.fleet.stop(OTHER)


async def _published(drill: Drill, tokens: list[str]) -> bool:
    rows = await drill.execute(
        "interactions",
        """
        SELECT count(*) FROM outbox
        WHERE published_at IS NOT NULL AND payload::jsonb -> 'data' ->> 'text' = ANY ($1::text[])
        """,
        tokens,
    )
    return bool(rows[0][0] == len(tokens))


async def test_maintenance_that_dies_half_way_is_done_by_the_next_process(drill: Drill):
    drill.fleet.stop(RELAY)
    drill.fleet.launch(RELAY, through=Point("transaction", "before", of="maintain").words())
    await drill.await_death(RELAY)
    await drill.check_invariants()
