"""Calendars and policies over HTTP: versions, and errors that name the field."""

from uuid import uuid4

import pytest

from services.sla.tests.harness import POLICY, client

CALENDAR = {
    "name": "Support, Berlin",
    "time_zone": "Europe/Berlin",
    "hours": {
        "monday": [{"start": "09:00", "end": "12:00"}, {"start": "13:00", "end": "18:00"}],
        "sunday": [{"start": "00:00", "end": "24:00"}],
    },
}


def pointers(answer) -> set[str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return {error["pointer"] for error in answer.json()["errors"]}


class TestCalendars:
    async def test_a_changed_put_makes_a_new_version_and_an_equal_put_does_not(self, api):
        first = await api.put("/v1/sla/calendars/berlin", json=CALENDAR)
        assert (first.status_code, first.json()["version"]) == (200, 1)
        again = await api.put("/v1/sla/calendars/berlin", json=CALENDAR)
        assert again.json()["version"] == 1
        changed = {**CALENDAR, "deadline_at_close": "next_open"}
        assert (await api.put("/v1/sla/calendars/berlin", json=changed)).json()["version"] == 2
        read = (await api.get("/v1/sla/calendars/berlin")).json()
        assert (read["calendar_id"], read["deadline_at_close"]) == ("berlin", "next_open")
        listed = (await api.get("/v1/sla/calendars")).json()
        assert [c["version"] for c in listed["items"]] == [2]

    async def test_without_an_id_it_is_saved_by_name(self, api):
        created = (await api.put("/v1/sla/calendars", json=CALENDAR)).json()
        replaced = (
            await api.put("/v1/sla/calendars", json={**CALENDAR, "time_zone": "UTC"})
        ).json()
        assert (created["calendar_id"], replaced["version"]) == (replaced["calendar_id"], 2)

    async def test_national_holidays_are_resolved_when_saved(self, api):
        body = {**CALENDAR, "national_holidays": [{"country": "DE", "subdivision": "BE"}]}
        saved = (await api.put("/v1/sla/calendars/de", json=body)).json()
        assert "2026-12-25" in {h["date"] for h in saved["resolved_holidays"]}

    @pytest.mark.parametrize(
        ("change", "pointer"),
        [
            ({"time_zone": "Europe/Atlantis"}, "/time_zone"),
            ({"time_zone": "../etc/passwd"}, "/time_zone"),
            ({"hours": {"monday": []}}, "/hours"),
            ({"hours": {"someday": [{"start": "09:00", "end": "10:00"}]}}, "/hours/someday"),
            (
                {"hours": {"monday": [{"start": "09:00", "end": "12:00"},
                                      {"start": "11:59", "end": "13:00"}]}},
                "/hours/monday/1",
            ),
            ({"hours": {"monday": [{"start": "22:00", "end": "06:00"}]}}, "/hours/monday/0/end"),
            ({"hours": {"monday": [{"start": "9", "end": "24:01"}]}}, "/hours/monday/0/end"),
            (
                {"hours": {"monday": [{"start": "09:00", "end": "10:00"}]},
                 "breaks": [{"weekdays": ["monday"], "start": "08:00", "end": "11:00"}]},
                "/hours",
            ),
            ({"national_holidays": [{"country": "XX"}]}, "/national_holidays/0/country"),
            (
                {"national_holidays": [{"country": "DE", "subdivision": "XX"}]},
                "/national_holidays/0/subdivision",
            ),
            ({"timezone": "UTC"}, "/timezone"),
        ],
    )  # fmt: skip
    async def test_an_invalid_field_is_named(self, api, change, pointer):
        answer = await api.put("/v1/sla/calendars/x", json={**CALENDAR, **change})
        assert answer.status_code == 422
        assert pointer in pointers(answer)
        assert (await api.get("/v1/sla/calendars/x")).status_code == 404

    @pytest.mark.parametrize("url", ["/v1/sla/calendars", "/v1/sla/calendars/office"])
    async def test_if_match_is_honoured(self, api, url):
        absent = await api.put(url, json=CALENDAR, headers={"If-Match": "*"})
        assert absent.status_code == 412
        seen = (await api.put(url, json=CALENDAR)).headers["etag"]
        changed = {**CALENDAR, "deadline_at_close": "next_open"}
        newer = await api.put(url, json=changed, headers={"If-Match": seen})
        assert (newer.status_code, newer.json()["version"]) == (200, 2)
        assert (await api.put(url, json=CALENDAR, headers={"If-Match": seen})).status_code == 412
        read = await api.get(f"/v1/sla/calendars/{newer.json()['calendar_id']}")
        assert (read.json()["version"], read.headers["etag"]) == (2, newer.headers["etag"])


class TestPolicies:
    async def test_a_policy_is_created_read_and_replaced(self, api):
        made = await api.post("/v1/sla/policies", json=POLICY)
        assert made.status_code == 201
        policy_id = made.json()["policy_id"]
        replaced = await api.put(f"/v1/sla/policies/{policy_id}", json={**POLICY, "name": "New"})
        assert (replaced.status_code, replaced.json()["version"]) == (200, 2)
        read = await api.get(f"/v1/sla/policies/{policy_id}")
        assert (read.json()["name"], read.json()["targets"][0]["seconds"]) == ("New", 60)
        assert [p["version"] for p in (await api.get("/v1/sla/policies")).json()["items"]] == [2]

    async def test_if_match_is_honoured(self, api):
        made = await api.post("/v1/sla/policies", json=POLICY)
        url, etag = f"/v1/sla/policies/{made.json()['policy_id']}", made.headers["etag"]
        body = {**POLICY, "name": "New"}
        assert (await api.put(url, json=body, headers={"If-Match": etag})).status_code == 200
        assert (await api.put(url, json=POLICY, headers={"If-Match": etag})).status_code == 412

    async def test_two_policies_cannot_share_a_position(self, api):
        await api.post("/v1/sla/policies", json=POLICY)
        answer = await api.post("/v1/sla/policies", json={**POLICY, "name": "Other"})
        assert answer.status_code == 409
        assert pointers(answer) == {"/position"}

    @pytest.mark.parametrize(
        ("change", "pointer"),
        [
            ({"targets": []}, "/targets"),
            ({"targets": [{"metric": "first_response", "seconds": 0}]}, "/targets/0/seconds"),
            ({"targets": [{"metric": "first_response"}]}, "/targets/0/seconds"),
            ({"targets": [{"metric": "first_response", "duration": "P1D"}]}, "/targets/0/duration"),
            ({"targets": [{"metric": "resolution", "seconds": 9, "calendar_id": "none"}]},
             "/targets/0/calendar_id"),
            ({"targets": [{"metric": "resolution", "seconds": 9, "warn_at": ["100%"]}]},
             "/targets/0/warn_at/0"),
            ({"targets": [{"metric": "resolution", "seconds": 9, "warn_at": ["PT10S"]}]},
             "/targets/0/warn_at/0"),
            ({"targets": [{"metric": "resolution", "seconds": 9}] * 2}, "/targets/1/metric"),
            ({"targets": [{"metric": "happiness", "seconds": 9}]}, "/targets/0/metric"),
            ({"conditions": {"all": [{"field": "weather", "op": "eq", "value": "x"}]}},
             "/conditions/all/0/field"),
            ({"conditions": {"any": [{"field": "channel", "op": "like", "value": "x"}]}},
             "/conditions/any/0/op"),
            ({"conditions": {"all": [{"field": "channel", "op": "in", "value": "x"}]}},
             "/conditions/all/0/value"),
            ({"position": -1}, "/position"),
        ],
    )  # fmt: skip
    async def test_an_invalid_field_is_named(self, api, change, pointer):
        answer = await api.post("/v1/sla/policies", json={**POLICY, **change})
        assert answer.status_code == 422, answer.text
        assert pointer in pointers(answer)
        assert (await api.get("/v1/sla/policies")).json()["items"] == []

    async def test_a_target_beyond_the_reach_of_its_calendar_is_rejected(self, api):
        minute = {**CALENDAR, "hours": {"monday": [{"start": "09:00", "end": "09:01"}]}}
        await api.put("/v1/sla/calendars/minute", json=minute)
        targets = [{"metric": "resolution", "duration": "PT40H", "calendar_id": "minute"}]
        answer = await api.post("/v1/sla/policies", json={**POLICY, "targets": targets})
        assert (answer.status_code, pointers(answer)) == (422, {"/targets/0/seconds"})

    async def test_an_unknown_policy_is_not_found(self, api):
        assert (await api.put(f"/v1/sla/policies/{uuid4()}", json=POLICY)).status_code == 404


class TestCallers:
    async def test_a_reader_cannot_write(self, service):
        async with client(service, scopes=["sla:read"]) as reader:
            assert (await reader.get("/v1/sla/policies")).status_code == 200
            assert (await reader.post("/v1/sla/policies", json=POLICY)).status_code == 403
            assert (await reader.put("/v1/sla/calendars/x", json=CALENDAR)).status_code == 403

    async def test_tenants_do_not_see_each_other(self, service, api, desk, publisher):
        await api.put("/v1/sla/calendars/berlin", json=CALENDAR)
        policy = (await api.post("/v1/sla/policies", json=POLICY)).json()
        chat = publisher.conversation().opened(desk.now())
        await publisher.send()
        clock = (await api.get("/v1/sla/clocks")).json()["items"][0]
        async with client(service, tenant="other") as other:
            for url in (
                f"/v1/sla/policies/{policy['policy_id']}",
                "/v1/sla/calendars/berlin",
                f"/v1/sla/clocks/{clock['clock_id']}",
            ):
                assert (await other.get(url)).status_code == 404
            listed = await other.get("/v1/sla/clocks", params={"conversation_id": str(chat.id)})
            assert listed.json()["items"] == []
            # The other tenant's position 1 is its own.
            assert (await other.post("/v1/sla/policies", json=POLICY)).status_code == 201
