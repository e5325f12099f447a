"""Clocks as the API lists and explains them."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from services.sla.tests.harness import Publisher

pytestmark = pytest.mark.usefixtures("policy")


async def test_pages_are_complete_and_in_order(api, desk, publisher):
    for n in range(7):
        publisher.conversation().opened(desk.now(n))
    await publisher.send()
    seen, cursor = [], None
    while True:
        params = {"metric": "first_response", "limit": 3} | ({"cursor": cursor} if cursor else {})
        page = (await api.get("/v1/sla/clocks", params=params)).json()
        seen += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
    due = [c["due_at"] for c in seen]
    assert len({c["clock_id"] for c in seen}) == 7
    assert due == sorted(due)


async def test_a_cursor_is_bound_to_its_filters(api, desk, publisher):
    for _ in range(3):
        publisher.conversation().opened(desk.now())
    await publisher.send()
    page = (await api.get("/v1/sla/clocks", params={"limit": 1, "state": "running"})).json()
    answer = await api.get("/v1/sla/clocks", params={"cursor": page["next"], "state": "met"})
    assert answer.status_code == 400


async def test_lists_are_filtered(api, desk, publisher, policy):
    assigned = {"team": "deliveries", "assignee": "agent-17"}
    chat = publisher.conversation(**assigned).opened(desk.now())
    chat.status("waiting", desk.now(1), "pending")
    await publisher.send()

    async def metrics(**params) -> set[str]:
        answer = await api.get("/v1/sla/clocks", params=params)
        assert answer.status_code == 200, answer.text
        return {c["metric"] for c in answer.json()["items"]}

    assert await metrics(state="paused") == {"resolution"}
    assert await metrics(state="paused,running") == {"first_response", "resolution"}
    assert await metrics(state=["paused", "running"]) == {"first_response", "resolution"}
    assert await metrics(state="met,cancelled") == set()
    assert await metrics(metric="resolution,next_response") == {"resolution"}
    assert await metrics(channel="chat,email", team=["sales", "deliveries"]) == {
        "first_response",
        "resolution",
    }
    assert await metrics(team="sales") == set()
    assert await metrics(assignee="agent-17") == {"first_response", "resolution"}
    assert await metrics(severity="info") == {"first_response", "resolution"}
    assert await metrics(severity="breach,warning") == set()
    assert await metrics(due_before=desk.now(120).isoformat()) == {"first_response"}
    assert await metrics(policy_id=policy["policy_id"]) == {"first_response", "resolution"}
    for wrong in ({"state": "odd"}, {"state": "running,odd"}, {"severity": "fatal"}):
        answer = await api.get("/v1/sla/clocks", params=wrong)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"].startswith(f"/query/{next(iter(wrong))}")
    assert (await api.get("/v1/sla/clocks", params={"weather": "x"})).status_code == 422


async def test_the_trace_accounts_for_all_time(api, desk, publisher):
    began = desk.now(-3600)
    chat = publisher.conversation().opened(began)
    chat.status("waiting", began + timedelta(minutes=10), "pending")
    chat.status("resumed", began + timedelta(minutes=30), "open")
    chat.status("resolved", began + timedelta(minutes=50), "resolved")
    await publisher.send()
    listed = await api.get("/v1/sla/clocks", params={"metric": "resolution"})
    clock_id = listed.json()["items"][0]["clock_id"]
    trace = (await api.get(f"/v1/sla/clocks/{clock_id}")).json()["trace"]
    assert [(s["counted"], s["why"]) for s in trace["stretches"]] == [
        (True, "around_the_clock"),
        (False, "paused: pending"),
        (True, "around_the_clock"),
    ]
    assert (trace["counted_seconds"], trace["uncounted_seconds"]) == (1800, 1200)
    edges = [(s["start"], s["end"]) for s in trace["stretches"]]
    assert all(earlier[1] == later[0] for earlier, later in pairwise(edges))


async def test_a_calendar_is_explained_by_the_version_it_was_matched_with(service, api, desk):
    hours = {d: [{"start": "00:00", "end": "12:00"}, {"start": "12:00", "end": "24:00"}]
             for d in ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday",
                       "sunday")}  # fmt: skip
    calendar = {"name": "All", "time_zone": "UTC", "hours": hours}
    assert (await api.put("/v1/sla/calendars/all", json=calendar)).status_code == 200
    policy = {"name": "Mail", "position": 0,
              "conditions": {"all": [{"field": "channel", "op": "eq", "value": "email"}]},
              "targets": [{"metric": "first_response", "seconds": 600,
                           "calendar_id": "all"}]}  # fmt: skip
    assert (await api.post("/v1/sla/policies", json=policy)).status_code == 201
    publisher = Publisher(service)
    publisher.conversation(channel="email").opened(desk.now())
    await publisher.send()
    (clock,) = (await api.get("/v1/sla/clocks")).json()["items"]
    started, due = (datetime.fromisoformat(clock[k]) for k in ("started_at", "due_at"))
    assert due - started == timedelta(seconds=600)
    assert clock["explanation"]["calendar_version"] == 1


async def test_a_clock_shows_who_has_to_know(api, desk, publisher):
    chat = publisher.conversation(team="sales").opened(desk.now(-5))
    await publisher.send()
    chat.snapshot |= {"team": "deliveries", "assignee": "agent-17", "tags": ["vip"]}
    chat.event("conversation.assigned", desk.now(), previous_status="new", actor_type="agent")
    await publisher.send()
    for clock in (await api.get("/v1/sla/clocks")).json()["items"]:
        shown = (clock["team"], clock["assignee"], clock["tags"], clock["channel"])
        assert shown == ("deliveries", "agent-17", ["vip"], "chat")
        assert clock["conversation_url"] == f"/v1/conversations/{chat.id}"


async def test_a_running_clock_is_explained_up_to_its_deadline(api, desk, publisher):
    publisher.conversation().opened(desk.now(-600))
    await publisher.send()
    listed = await api.get("/v1/sla/clocks", params={"metric": "resolution"})
    clock = (await api.get(f"/v1/sla/clocks/{listed.json()['items'][0]['clock_id']}")).json()
    trace = clock["trace"]
    assert trace["until"] == clock["due_at"]
    assert [(s["counted"], s["expected"]) for s in trace["stretches"]] == [
        (True, False),
        (True, True),
    ]
    assert trace["counted_seconds"] == pytest.approx(600, abs=30)
    assert trace["counted_seconds"] + trace["expected_seconds"] == clock["target_seconds"]
    assert clock["summary"].startswith("8 hours around the clock from ")
    assert ": due " in clock["summary"]
