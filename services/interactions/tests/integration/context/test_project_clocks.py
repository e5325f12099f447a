"""sla's events on a real Postgres: the latest version of each clock stays."""

import random
from datetime import timedelta

from common.ids import new_id
from common.messaging import Applied, Ignored
from devstack.testing.postgres import rows_of
from interactions.context.consumers.clocks import clocks_stream
from services.interactions.tests.context_rows import NOW, clock_event, read_all

STREAM = clocks_stream()


async def project(database, *records):
    return await database.run(STREAM.apply, read_all(STREAM, records), now=NOW)


async def clocks(database):
    query = "SELECT clock_id, version, state, due_at, body->>'state' FROM sla_clock ORDER BY 1"
    return [tuple(row) for row in await rows_of(database, query)]


def a_history(clock, conversation):
    told = {"conversation_id": conversation, "customer_id": new_id()}
    later = NOW + timedelta(hours=2)
    return [
        clock_event("started", clock, sequence=1, **told),
        clock_event("paused", clock, sequence=2, state="paused", due_at=None, **told),
        clock_event("resumed", clock, sequence=3, due_at=later, **told),
        clock_event("warning", clock, sequence=4, due_at=later, **told),
        clock_event("breached", clock, sequence=5, state="breached", due_at=later,
                    breached_at=later, **told),
    ]  # fmt: skip


async def test_the_latest_version_of_a_clock_is_kept(database):
    clock = new_id()
    outcomes = await project(database, *a_history(clock, new_id()))
    assert outcomes[-1] == Applied()
    assert [(row[0], row[1], row[2], row[4]) for row in await clocks(database)] == [
        (clock, 5, "breached", "breached")
    ]


async def test_an_older_version_is_stale(database):
    started, *_, breached = a_history(new_id(), new_id())
    await project(database, breached)
    assert await project(database, started) == [Ignored("stale_version")]


async def test_any_order_and_repetition_gives_the_same_clocks(database):
    histories = [a_history(new_id(), new_id()) for _ in range(5)]
    told = [event for history in histories for event in history] * 2
    shuffler = random.Random(7)  # noqa: S311 - a shuffle needs no secrecy
    for _ in range(10):
        shuffler.shuffle(told)
        for start in range(0, len(told), 7):
            await project(database, *told[start : start + 7])
        assert {(row[1], row[2]) for row in await clocks(database)} == {(5, "breached")}
