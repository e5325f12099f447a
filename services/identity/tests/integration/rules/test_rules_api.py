"""``/v1/identities/rules``: saved in versions, checked, and obeyed once they are applied."""

import pytest

from identity.customers.domain.identifiers import Level
from services.identity.tests.harness import Actor, client, email
from services.identity.tests.integration.api_requests import pointers, resolve

PATH = "/v1/identities/rules"
V = Level.VERIFIED


async def apply(api, **rules) -> int:
    saved = await api.post(PATH, json=rules)
    assert saved.status_code in {200, 201}, saved.text
    version = saved.json()["version"]
    applied = await api.post(f"{PATH}/applications", json={"version": version})
    assert applied.status_code == 202, applied.text
    return version


async def test_a_version_decides_nothing_until_it_is_applied(api):
    blocked = [{"match": "exact", "value": "B-1"}]
    saved = await api.post(PATH, json={"blocked": blocked, "note": "as agreed"})
    assert saved.status_code == 201
    shown = saved.json()
    assert (shown["version"], shown["in_force"], shown["note"]) == (1, False, "as agreed")
    assert (await api.get(PATH)).json()["version"] == 0
    badge = {"type": "badge", "value": "B-1", "level": "verified"}
    assert (await resolve(api, badge))["customer_id"] is not None

    await api.post(f"{PATH}/applications", json={"version": 1})
    in_force = (await api.get(PATH)).json()
    assert (in_force["version"], in_force["in_force"]) == (1, True)
    assert in_force["in_force_since"]
    answer = await resolve(api, badge)
    assert (answer["customer_id"], answer["reason"]) == (None, "nothing_usable")
    assert [dropped["reason"] for dropped in answer["dropped"]] == ["blocked"]


async def test_the_same_again_is_the_same_version(api):
    first = await api.post(PATH, json={"max_identifiers": 7})
    again = await api.post(PATH, json={"max_identifiers": 7})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    other = await api.post(PATH, json={"max_identifiers": 8})
    assert other.json()["version"] == 2
    back = await api.post(PATH, json={"max_identifiers": 7})
    assert back.json()["version"] == 3
    listed = (await api.get(f"{PATH}/versions", params={"limit": 2})).json()
    assert [entry["version"] for entry in listed["items"]] == [3, 2]
    rest = await api.get(f"{PATH}/versions", params={"limit": 2, "cursor": listed["next"]})
    assert [entry["version"] for entry in rest.json()["items"]] == [1]


async def test_what_a_version_does_not_name_is_as_the_service_has_it(api):
    shown = (await api.post(PATH, json={"types": {"email": {"priority": 7}}})).json()
    assert (shown["max_identifiers"], shown["max_neighbours"], shown["claim_days"]) == (200, 10, 90)
    assert shown["types"]["email"]["priority"] == 7
    assert (await api.get(f"{PATH}/versions/1")).json() == shown
    assert (await api.get(f"{PATH}/versions/0")).json()["types"] == {}
    assert (await api.get(f"{PATH}/versions/2")).status_code == 404


@pytest.mark.parametrize(
    ("rules", "pointer"),
    [
        ({"max_identifiers": 0}, "/max_identifiers"),
        ({"max_identifiers": 201}, "/max_identifiers"),
        ({"max_neighbours": 1}, "/max_neighbours"),
        ({"claim_days": 0}, "/claim_days"),
        ({"types": {"badge": {}}}, "/types/badge"),
        ({"types": {"sms": {}}}, "/types/sms"),
        ({"types": {"email": {"exclusive": True, "max_values": 2}}}, "/types/email/max_values"),
        ({"types": {"email": {"cap": 2}}}, "/types/email/cap"),
        ({"types": {"email": {"default_level": "sure"}}}, "/types/email/default_level"),
        ({"blocked": [{"match": "exact"}]}, "/blocked/0/value"),
        ({"blocked": [{"match": "like", "value": "a"}]}, "/blocked/0/match"),
        ({"blocked": [{"match": "pattern", "value": "(a"}]}, "/blocked/0/value"),
        ({"blocked": [{"match": "pattern", "value": "(a+)+$"}]}, None),
        ({"blokced": []}, "/blokced"),
    ],
)
async def test_invalid_rules_are_refused_field_by_field(api, rules, pointer):
    response = await api.post(PATH, json=rules)
    if pointer is None:
        assert response.status_code == 201
        return
    assert response.status_code == 422
    assert pointers(response) == [pointer]
    assert (await api.get(f"{PATH}/versions")).json()["items"] == []


async def test_the_version_in_force_must_be_the_expected_one(api):
    await apply(api, max_identifiers=7)
    await api.post(PATH, json={"max_identifiers": 8})
    stale = await api.post(f"{PATH}/applications", json={"version": 2, "expected_version": 0})
    assert stale.status_code == 409
    assert "version 1 is in force" in stale.json()["detail"]
    fresh = await api.post(f"{PATH}/applications", json={"version": 2, "expected_version": 1})
    assert fresh.status_code == 202
    assert fresh.json()["base_version"] == 1
    unknown = await api.post(f"{PATH}/applications", json={"version": 9})
    assert unknown.status_code == 404


@pytest.mark.parametrize(
    "call",
    [
        ("GET", ""),
        ("POST", ""),
        ("GET", "/versions"),
        ("POST", "/simulations"),
        ("POST", "/applications"),
        ("GET", "/runs"),
    ],
)
async def test_rules_are_for_administrators(service, call):
    method, path = call
    async with client(service, scopes=["identity:write", "context:read", "pii:read"]) as writer:
        response = await writer.request(method, f"{PATH}{path}", json={"version": 0})
        assert response.status_code == 403


async def test_a_request_that_was_prepared_before_is_decided_by_the_rules_in_force(actor, api):
    """The actor's copy of the rules is as old as a process can have it."""
    version = await apply(api, blocked=[{"match": "any_case", "value": "ANNA@nordlys.se"}])
    resolution = await actor.meet(email("anna", V), email("bo", V))
    assert [dropped.reason.value for dropped in resolution.dropped] == ["blocked"]
    merged = await actor.meet(email("carl", V))
    await actor.meet(email("bo", V), email("carl", V))
    assert merged.customer_id is not None
    [row] = await actor.rows("SELECT rules_version FROM merge_log")
    assert row.rules_version == version


async def test_a_type_has_the_level_of_the_rules_unless_a_request_names_one(api):
    await apply(api, types={"telegram": {"default_level": "channel_proved"}})
    answer = await resolve(api, {"type": "telegram", "value": "anna_berg"})
    assert answer["linked"][0]["level"] == "channel_proved"
    answer = await resolve(api, {"type": "telegram", "value": "bo_berg", "level": "claimed"})
    assert answer["linked"][0]["level"] == "claimed"


async def test_a_registered_type_obeys_the_rules(service, api):
    badge = {"name": "Badge", "comparison": "folded", "scope": "ignored", "category": "own_number"}
    await api.put("/v1/identities/types/badge", json=badge)
    shown = [{"type": "badge", "value": value, "level": "verified"} for value in ("AB-1", "AB-2")]
    mail = {"type": "email", "value": "anna@nordlys.se", "level": "verified"}
    first = await resolve(api, shown[0], mail)
    other = await resolve(api, shown[1], mail)
    assert other["customer_id"] != first["customer_id"]
    await apply(api, types={"badge": {"exclusive": False, "max_values": 2}})
    third = await resolve(api, shown[0], shown[1])
    assert third["dropped"] == []
    assert {found["value"] for found in third["linked"]} <= {"ab-1", "ab-2"}
    assert await Actor(service).rows("SELECT 1 FROM merge_log")
