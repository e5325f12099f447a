"""From consumed events to clocks, and from passing time to breaches."""

import asyncio
import time
from datetime import timedelta

import pytest
from sqlalchemy import text

from common.db import wall_time
from devstack.testing.wait import until
from services.sla.tests.harness import POLICY, Publisher, client, running, timer_of
from sla.clocks.consumers.conversations import CONSUMER
from sla.clocks.events.consumed import TOPIC
from sla.clocks.store.due_clocks import CLAIM_SQL, ConsumedTopic, get_schedule
from sla.clocks.timers import due_clocks

pytestmark = pytest.mark.usefixtures("policy")


async def state_of(api, metric: str = "first_response") -> dict:
    items = (await api.get("/v1/sla/clocks", params={"metric": metric})).json()["items"]
    assert len(items) == 1
    return items[0]


async def test_a_batch_becomes_clocks_and_events(api, desk, publisher, policy):
    began = desk.now(-10)
    chat = publisher.conversation()
    chat.opened(began).customer(began).agent(desk.now(-5)).customer(desk.now(-4))
    await publisher.send()
    items = (await api.get("/v1/sla/clocks", params={"conversation_id": str(chat.id)})).json()[
        "items"
    ]
    assert {(c["metric"], c["state"]) for c in items} == {
        ("first_response", "met"),
        ("next_response", "running"),
        ("resolution", "running"),
    }
    assert {c["policy_id"] for c in items} == {policy["policy_id"]}
    events = await desk.events(chat.id)
    assert sorted(e["type"] for e in events) == [
        "sla.clock.met",
        *["sla.clock.started"] * 3,
    ]
    assert events[0]["data"]["started_at"].endswith("Z")


async def test_repeated_events_change_nothing(desk, publisher):
    chat = publisher.conversation()
    chat.opened(desk.now(-10)).customer(desk.now(-10))
    repeated = [event.with_new_id() for event in publisher.waiting]
    await publisher.send()
    before = await desk.events()
    publisher.waiting += repeated
    await publisher.send()
    assert await desk.events() == before


async def test_no_breach_is_declared_before_the_watermark(service, api, desk, publisher):
    publisher.conversation().opened(desk.now(-60.01))
    await publisher.send(watermark=desk.now(-5))
    timer = timer_of(service)
    await timer.tick()
    assert (await state_of(api))["state"] == "running"
    await publisher.send_heartbeat(desk.now())
    await timer.tick()
    clock = await state_of(api)
    assert (clock["state"], clock["confirmed"]) == ("breached", True)
    assert clock["breached_at"] == clock["due_at"] < clock["detected_at"]
    assert await desk.event_names("first_response") == ["started", "warning", "breached"]


async def test_a_silent_source_gives_an_unconfirmed_breach_that_is_confirmed(
    service, api, desk, publisher
):
    publisher.conversation().opened(desk.now(-70))
    await publisher.send(watermark=desk.now(-65))
    timer = timer_of(service)
    await until(lambda: _declared(timer, api))
    clock = await state_of(api)
    assert (clock["confirmed"], clock["reason"]) == (False, "source_watermark_stalled")
    await publisher.send_heartbeat(desk.now())
    await timer.tick()
    clock = await state_of(api)
    assert (clock["confirmed"], clock["reason"]) == (True, None)
    assert (await desk.event_names("first_response"))[-2:] == ["breached", "breached"]
    await timer.tick()
    assert (await desk.event_names("first_response")).count("breached") == 2


async def _declared(timer, api) -> bool:
    await timer.tick()
    return (await state_of(api))["state"] == "breached"


async def test_a_late_answer_becomes_certain_with_the_watermark(service, api, desk):
    due_at, grace = desk.now(-0.5), timedelta(seconds=0.2)
    dsn = service.settings.postgres.dsn.get_secret_value()
    async with running(dsn, timer={"grace_seconds": grace.total_seconds()}) as patient:
        publisher = Publisher(patient)
        publisher.conversation().opened(due_at - timedelta(seconds=60)).agent(desk.now(-0.4))
        await publisher.send(watermark=due_at + 0.9 * grace)
        clock = await state_of(api)
        assert (clock["state"], clock["confirmed"], clock["reason"]) == (
            "breached",
            False,
            "answered_late",
        )
        await timer_of(patient).tick()
        assert (await state_of(api))["confirmed"] is False
        await publisher.send_heartbeat(due_at + grace)
        await timer_of(patient).tick()
    assert (await state_of(api))["confirmed"] is True
    assert (await state_of(api))["reason"] == "answered_late"
    assert (await desk.event_names("first_response")) == ["started", "breached", "breached"]


async def test_a_late_answer_before_the_watermark_is_announced_once(api, desk, publisher):
    publisher.conversation().opened(desk.now(-70)).agent(desk.now(-5))
    await publisher.send(watermark=desk.now(-9.8))
    assert (await state_of(api))["confirmed"] is True
    assert (await desk.event_names("first_response")) == ["started", "breached"]


async def test_a_watermark_in_the_future_makes_nothing_certain(api, desk, publisher):
    publisher.conversation().opened(desk.now(-30)).agent(desk.now(40))
    await publisher.send(watermark=desk.now(3_600))
    clock = await state_of(api)
    assert (clock["state"], clock["confirmed"]) == ("breached", False)


async def test_a_late_answer_in_time_retracts_the_breach(service, api, desk, publisher):
    chat = publisher.conversation().opened(desk.now(-70))
    await publisher.send(watermark=desk.now())
    await timer_of(service).tick()
    assert (await state_of(api))["state"] == "breached"
    chat.agent(desk.now(-20))
    await publisher.send(watermark=desk.now())
    clock = await state_of(api)
    assert (clock["state"], clock["breached_at"]) == ("met", None)
    names = await desk.event_names("first_response")
    assert names == ["started", "breached", "retracted", "met"]


async def test_sequences_have_no_gap(service, desk, publisher):
    chat = publisher.conversation().opened(desk.now(-70))
    await publisher.send(watermark=desk.now())
    await timer_of(service).tick()
    chat.agent(desk.now(-20)).status("resolved", desk.now(-1), "resolved")
    await publisher.send(watermark=desk.now())
    by_clock: dict = {}
    for event in await desk.events():
        by_clock.setdefault(event["subject_id"], []).append(event["sequence"])
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in by_clock.values())


async def test_a_backfill_publishes_nothing(service, desk, publisher):
    chat = publisher.conversation(backfill=True).opened(desk.now(-5000)).customer(desk.now(-5000))
    chat.agent(desk.now(-10))
    await publisher.send(watermark=desk.now())
    await timer_of(service).tick()
    assert await desk.events() == []
    assert await desk.rows("SELECT position FROM alert") == []
    breached = await desk.rows("SELECT clock_id FROM clock WHERE state = 'breached'")
    assert len(breached) == 1


async def test_an_open_conversation_without_policy_is_matched_at_its_next_event(
    service, desk, fresh_dsn
):
    async with running(fresh_dsn("sla")) as other, client(other) as api:
        publisher = Publisher(other)
        chat = publisher.conversation().opened(desk.now(-10))
        await publisher.send()
        policy = {"name": "Late", "position": 1, "targets": [
            {"metric": "resolution", "seconds": 5}]}  # fmt: skip
        assert (await api.post("/v1/sla/policies", json=policy)).status_code == 201
        chat.customer(desk.now())
        await publisher.send(watermark=desk.now())
        await timer_of(other).tick()
        clock = await state_of(api, "resolution")
        assert (clock["state"], clock["reason"]) == ("breached", "breached_on_apply")


async def test_two_timers_declare_a_thousand_breaches_once(service, desk, publisher, fresh_dsn):
    began = desk.now(-70)
    for _ in range(1_000):
        publisher.conversation().opened(began)
    await publisher.send(watermark=desk.now())
    async with running(service.settings.postgres.dsn.get_secret_value()) as other:
        timers = [timer_of(service), timer_of(other)]

        async def drain(timer) -> None:
            while await timer.tick() == 0.0:
                pass

        started = time.perf_counter()
        await asyncio.gather(*(drain(timer) for timer in timers))
        elapsed = time.perf_counter() - started
    breaches = await desk.rows(
        "SELECT aggregateid, count(*) AS n FROM outbox"
        " WHERE type = 'sla.clock.breached' GROUP BY aggregateid"
    )
    assert len(breaches) == 1_000
    assert {row.n for row in breaches} == {1}
    assert elapsed < 10


async def test_in_a_backlog_the_tenants_take_turns(service, desk, publisher, api):
    other = Publisher(service, tenant="other")
    async with client(service, tenant="other") as others_api:
        assert (await others_api.post("/v1/sla/policies", json=POLICY)).is_success
    for _ in range(1_700):
        publisher.conversation().opened(desk.now(-300))
    for _ in range(3):
        other.conversation().opened(desk.now(-70))  # after all others' deadlines
    await publisher.send(watermark=desk.now())
    await other.send(watermark=desk.now())
    timer, found = timer_of(service), []
    for _ in range(3):
        assert await timer.tick() == 0.0
        [breached] = await desk.rows(
            "SELECT count(*) FILTER (WHERE tenant_id = 'other') AS others, count(*) AS n"
            " FROM clock WHERE state = 'breached' AND metric = 'first_response'"
        )
        found.append((breached.others, breached.n))
    small = 500 // due_clocks.BATCHES_BESIDE
    assert found == [(0, 500), (3, 1_000), (3, 1_000 + small)]


async def test_a_round_with_nothing_due_writes_nothing(service, desk, publisher):
    publisher.conversation().opened(desk.now())
    await publisher.send(watermark=desk.now())
    count = "SELECT n_tup_upd + n_tup_ins AS n FROM pg_stat_user_tables WHERE relname = 'clock'"
    locks = "SELECT pg_stat_force_next_flush()"
    await desk.rows(locks)
    before = await desk.rows(count)
    pause = await timer_of(service).tick()
    await desk.rows(locks)
    assert 0 < pause <= 0.5
    assert await desk.rows(count) == before


async def test_the_claim_uses_the_partial_index(service, desk, publisher):
    began = desk.now()
    for _ in range(500):
        publisher.conversation().opened(began)
    await publisher.send(watermark=desk.now())

    async def plan(tx) -> str:
        await tx.execute(text("ANALYZE clock"))
        values = {"consumer": CONSUMER, "topic": TOPIC, "partitions": [0], "holds": [30.0],
                  "grace": 0.1, "batch": 500}  # fmt: skip
        result = await tx.execute(text(f"EXPLAIN {CLAIM_SQL}"), values)
        return "\n".join(result.scalars())

    explained = await service.database.run(plan)
    assert "clock_next_fire" in explained
    assert "Seq Scan on clock" not in explained


async def test_a_timer_with_a_skewed_clock_declares_nothing(service, desk, publisher, monkeypatch):
    publisher.conversation().opened(desk.now(-70))
    await publisher.send(watermark=desk.now())
    timer = timer_of(service)
    monkeypatch.setattr(due_clocks, "wall_time", lambda: wall_time() + timedelta(hours=2))
    await timer.tick()
    assert "breached" not in await desk.event_names("first_response")
    assert "differs from the database" in (timer.healthy() or "")
    monkeypatch.undo()
    await timer.tick()
    assert "breached" in await desk.event_names("first_response")
    assert timer.healthy() is None


async def test_a_breach_is_recorded_at_its_detection_even_if_an_earlier_clock_reading_was_off(
    service, desk, publisher, monkeypatch
):
    chat = publisher.conversation()
    chat.opened(desk.now(-70))
    await publisher.send(watermark=desk.now())
    monkeypatch.setattr(service.clock, "now", lambda: wall_time() - timedelta(hours=1))
    await timer_of(service).tick()
    [breach] = [e for e in await desk.events(chat.id) if e["type"] == "sla.clock.breached"]
    assert breach["recorded_at"] >= breach["data"]["detected_at"]


async def test_the_schedule_of_an_empty_database_is_empty(service):
    schedule = await service.database.read(get_schedule, ConsumedTopic(CONSUMER, TOPIC))
    assert schedule.partitions == ()
