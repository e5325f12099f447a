"""Each invariant catches the bugs that are planted for it.

Bugs in rows are planted in a transaction on the checker's own connection, invisible to others; bugs
on topics are planted in the records that were read.
"""

import copy
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from common.messaging import rfc3339
from common.messaging.watermarks import Heartbeat
from devstack.testing.wait import until
from tests.drills.callers.ledger import Asked
from tests.drills.callers.messages import a_message
from tests.drills.drill import Drill
from tests.drills.invariants.checks import violations
from tests.drills.invariants.evidence import Event, Evidence, SentHeartbeat, open_sources
from tests.drills.invariants.quiescence import find_idle_and_orphaned_sessions, wait_until_idle

pytestmark = [pytest.mark.drill, pytest.mark.timeout(600)]

CLOCKS, CONVERSATIONS = "sla.clocks", "interactions.conversations"
ONE_MORE = """
    CREATE TEMPORARY TABLE again ON COMMIT DROP AS SELECT * FROM {table} LIMIT 1;
    UPDATE again SET {key};
    INSERT INTO {table} SELECT * FROM again
"""
AGAIN = ONE_MORE.format(table="interaction", key="interaction_id = gen_random_uuid()")
UNTOLD = ONE_MORE.format(table="outbox", key="id = gen_random_uuid(), position = -1")
OPEN_TWICE = """
    UPDATE clock SET state = 'running', metric = 'resolution', cycle = numbered.number,
                     conversation_id = (SELECT min(conversation_id::text)::uuid FROM clock)
    FROM (SELECT clock_id, row_number() OVER () AS number FROM clock) AS numbered
    WHERE numbered.clock_id = clock.clock_id
"""
IN_ROWS = [
    ("no_acknowledged_loss", "interactions", "DELETE FROM interaction"),
    ("no_double_effect", "interactions", AGAIN),
    ("counters_equal_a_recount", "interactions", "UPDATE conversation SET interaction_count = 9"),
    ("counters_equal_a_recount", "interactions", "UPDATE conversation SET version = version + 1"),
    ("outbox_equals_topics", "interactions", "DELETE FROM outbox"),
    ("outbox_equals_topics", "sla", UNTOLD),
    ("outbox_equals_topics", "identity", "UPDATE outbox SET published_at = NULL"),
    ("watermarks_are_true", "interactions", "UPDATE outbox SET written_at = '2026-01-01'"),
    ("customers_are_copied", "interactions", "DELETE FROM customer_profile"),
    ("customers_are_copied", "interactions", "UPDATE customer_profile SET identifiers = '[]'"),
    (
        "customers_are_copied",
        "interactions",
        "UPDATE customer_profile SET attributes = '{\"a\": 1}'",
    ),
    ("customers_are_copied", "interactions", "UPDATE customer_alias SET canonical_id = uuidv7()"),
    ("clocks_are_copied", "interactions", "UPDATE sla_clock SET state = 'cancelled'"),
    ("clocks_are_copied", "interactions", "DELETE FROM sla_clock"),
    ("clocks_match_the_oracle", "sla", "DELETE FROM clock"),
    ("clocks_match_the_oracle", "sla", "UPDATE clock SET state = 'met'"),
    ("clocks_match_the_oracle", "sla", "UPDATE clock SET due_at = due_at + interval '1 s'"),
    ("no_double_effect", "sla", OPEN_TWICE),
    ("no_double_effect", "sla", "DELETE FROM alert WHERE type = 'sla.clock.breached'"),
]


@pytest.fixture(scope="session")
async def healthy(drill: Drill) -> Evidence:
    """Evidence with customers, an answer in time, breaches, warnings and contexts."""
    for tenant in ("demo", "other"):
        [late] = await drill.speaker.say("rest", a_message(tenant))
        [answered] = await drill.speaker.say("rest", a_message(tenant))
        answer = replace(a_message(tenant), conversation_id=answered["conversation_id"])
        await drill.speaker.say("rest", answer)
        await drill.speaker.ask(tenant, late["customer_id"])
    return await drill.check_invariants()


async def test_healthy_evidence_has_something_of_everything(healthy: Evidence):
    kinds = {event.body["type"] for event in healthy.first_published(CLOCKS) if event.body}
    assert {"sla.clock.started", "sla.clock.breached", "sla.clock.met"} <= kinds
    empty = {"dead_letter", "quarantined"}
    for rows in healthy.rows.values():
        assert all(result for name, result in rows.items() if name not in empty)
    assert healthy.entries.acknowledged
    assert healthy.entries.asked


@pytest.mark.parametrize(("invariant", "service", "bug"), IN_ROWS)
async def test_a_bug_in_rows_is_caught(
    drill: Drill, healthy: Evidence, invariant: str, service: str, bug: str
):
    async with open_sources(drill.fleet.dsns, drill.fleet.bootstrap) as sources:
        planting = sources.connections[service].transaction()
        await planting.start()
        try:
            await sources.connections[service].execute(bug)
            broken = violations(replace(healthy, rows=await sources.rows()))
        finally:
            await planting.rollback()
    assert invariant in broken


def _swapped(evidence: Evidence) -> None:
    events = evidence.events[CONVERSATIONS]
    first = next(e for e in events if e.body and e.body["sequence"] == 1)
    second = next(
        e
        for e in events
        if e.body and e.body["subject_id"] == _body(first)["subject_id"] and e.body["sequence"] == 2
    )
    one, other = events.index(first), events.index(second)
    events[one], events[other] = events[other], events[one]


def _body(event: Event) -> dict[str, Any]:
    """Return the body as a dictionary that the caller may change."""
    assert isinstance(event.body, dict)
    return event.body


def _breach(evidence: Evidence) -> Event:
    return next(
        e
        for e in evidence.events[CLOCKS]
        if e.body and e.body["type"] == "sla.clock.breached" and e.body["data"]["met_at"] is None
    )


def _announced_early(evidence: Evidence) -> None:
    body = _body(_breach(evidence))
    due_at = datetime.fromisoformat(body["data"]["due_at"])
    body["recorded_at"] = rfc3339(due_at + timedelta(microseconds=1))


def _with_an_answer_nobody_gave(evidence: Evidence) -> None:
    again = copy.deepcopy(_breach(evidence))
    _body(again)["id"] = str(uuid4())
    _body(again)["data"]["met_at"] = _body(again)["recorded_at"]
    evidence.events[CLOCKS].append(again)


def _announced_twice(evidence: Evidence) -> None:
    again = copy.deepcopy(_breach(evidence))
    _body(again)["id"] = str(uuid4())
    evidence.events[CLOCKS].append(again)


def _announced_falsely(evidence: Evidence) -> None:
    false = copy.deepcopy(_breach(evidence))
    met = next(e for e in evidence.events[CLOCKS] if e.body and e.body["type"] == "sla.clock.met")
    _body(false)["id"] = str(uuid4())
    _body(false)["data"]["conversation_id"] = _body(met)["data"]["conversation_id"]
    evidence.events[CLOCKS].append(false)


def _unannounced(evidence: Evidence) -> None:
    """Remove every event about one breach, because it may have been announced more than once."""
    clock = _body(_breach(evidence))["subject_id"]
    evidence.events[CLOCKS] = [
        e
        for e in evidence.events[CLOCKS]
        if not e.body or (e.body["type"], e.body["subject_id"]) != ("sla.clock.breached", clock)
    ]


def _with_a_heartbeat_among_events(evidence: Evidence) -> None:
    beat = copy.deepcopy(_breach(evidence))
    _body(beat)["type"] = "threadline.heartbeat"
    evidence.events[CLOCKS].append(beat)


def _with_a_heartbeat_that_lies(evidence: Evidence) -> None:
    """Let a heartbeat exclude an event that follows it."""
    event = next(e for e in evidence.events[CONVERSATIONS] if e.body)
    beat = Heartbeat(CONVERSATIONS, event.partition, event.offset, evidence.at)
    evidence.heartbeats[CONVERSATIONS].append(SentHeartbeat(beat, evidence.at))


def _unclean(evidence: Evidence) -> None:
    evidence.entries.asked.append(Asked(status=500, seconds=0.01, clean=False))


def _slow(evidence: Evidence) -> None:
    evidence.entries.asked.append(Asked(status=200, seconds=9.0, clean=True))


@pytest.mark.parametrize(
    ("invariant", "plant"),
    [
        ("order_is_kept", _swapped),
        ("breaches_wait_for_their_source", _announced_early),
        ("breaches_are_announced_once_and_false_ones_retracted", _announced_twice),
        ("breaches_are_announced_once_and_false_ones_retracted", _with_an_answer_nobody_gave),
        ("breaches_are_announced_once_and_false_ones_retracted", _announced_falsely),
        ("breaches_are_announced_once_and_false_ones_retracted", _unannounced),
        ("outbox_equals_topics", _unannounced),
        ("topics_hold_events_only", _with_a_heartbeat_among_events),
        ("watermarks_are_true", _with_a_heartbeat_that_lies),
        ("contexts_answer_or_ask_to_retry", _unclean),
        ("contexts_answer_or_ask_to_retry", _slow),
    ],
)
async def test_a_bug_on_topics_is_caught(
    healthy: Evidence, invariant: str, plant: Callable[[Evidence], None]
):
    evidence = copy.deepcopy(replace(healthy, rows={}))
    evidence.rows = healthy.rows
    assert invariant not in violations(evidence)
    plant(evidence)
    assert invariant in violations(evidence)


async def test_a_system_with_unpublished_events_is_not_idle(drill: Drill):
    async with open_sources(drill.fleet.dsns, drill.fleet.bootstrap) as sources:
        planting = sources.connections["interactions"].transaction()
        await planting.start()
        await sources.connections["interactions"].execute("UPDATE outbox SET published_at = NULL")
        with pytest.raises(AssertionError, match="unpublished events in interactions"):
            await wait_until_idle(sources, within=1)
        await planting.rollback()


async def test_an_idle_transaction_and_a_lost_lock_are_reported(drill: Drill):
    holder = await asyncpg.connect(drill.fleet.dsns["sla"])
    await holder.execute("BEGIN; SELECT pg_advisory_lock(1, 7)")
    processes = [process.pid for process in drill.fleet.processes.values()]
    async with open_sources(drill.fleet.dsns, drill.fleet.bootstrap) as sources:

        async def named() -> bool:
            found = await find_idle_and_orphaned_sessions(sources, processes)
            return any("idle" in s for s in found) and any("shard 7" in s for s in found)

        await until(named, within=10)
    await holder.close()
