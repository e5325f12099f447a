"""Undo, split, unlink, keep apart, release and withdraw, over HTTP and on Postgres."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from common.web.requests import ConsistencyToken
from services.identity.tests.harness import Actor, assert_sound, client
from services.identity.tests.integration.api_requests import pointers, resolve

Json = dict[str, Any]
REASON = {"reason": "two persons after all"}


def mail(name: str, level: str = "channel_proved") -> Json:
    return {"type": "email", "value": f"{name}@nordlys.se", "level": level}


def phone(digit: int, level: str = "channel_proved") -> Json:
    return {"type": "phone", "value": f"+46 70 174 06 0{digit}", "level": level}


def plain(identifier: Json) -> Json:
    return {"type": identifier["type"], "value": identifier["value"]}


async def post(api, path: str, body: Json, **more: Any) -> Json:
    response = await api.post(f"/v1/{path}", json=body, **more)
    assert response.status_code == 200, response.text
    answer: Json = response.json()
    return answer


async def read(api, customer_id: str) -> Json:
    answer: Json = (await api.get(f"/v1/customers/{customer_id}")).json()
    return answer


async def values(api, customer_id: str) -> set[str]:
    return {each["value"] for each in (await read(api, customer_id))["identifiers"]}


async def without_times(api, customer_id: str) -> Json:
    shown = await read(api, customer_id)
    for name in ("version", "updated_at", "requested_id"):
        del shown[name]
    return shown


async def two(api) -> tuple[str, str]:
    """Create two customers with identifiers and attributes."""
    anna = await resolve(
        api, mail("anna", "verified"), phone(1), {"type": "cookie", "value": "a"},
        attributes={"name": "Anna", "tier": "gold"}, observed_at="2026-03-01T12:00:00Z",
    )  # fmt: skip
    bo = await resolve(
        api, mail("bo"), phone(2, "verified"),
        attributes={"name": "Bo", "language": "sv", "note": None},
        observed_at="2026-03-02T12:00:00Z",
    )  # fmt: skip
    return anna["customer_id"], bo["customer_id"]


async def merge(api, source: str, target: str, **more: Any) -> Json:
    return await post(api, "merges", {"source_id": source, "target_id": target, **more})


async def test_a_merge_and_its_undoing_leave_both_as_they_were(service, api):
    anna, bo = await two(api)
    before = [await without_times(api, each) for each in (anna, bo)]
    merged = await merge(api, anna, bo)
    undone = await post(api, f"merges/{merged['merge_id']}/undo", REASON)
    assert (undone["changed"], undone["restored_ids"]) == (True, [anna])
    assert undone["customer_ids"] == [bo, anna]
    assert undone["withdrawn_ids"] == [merged["merge_id"]]
    assert [await without_times(api, each) for each in (anna, bo)] == before
    assert (await read(api, anna))["customer_id"] == anna
    await assert_sound(Actor(service))


async def test_a_merge_of_the_engine_is_undone_for_good(service, api):
    anna, bo = await two(api)
    together = (mail("anna", "verified"), phone(2, "verified"))
    met = await resolve(api, *together)
    assert met["merged"]
    (item,) = (await api.get(f"/v1/customers/{anna}/merges")).json()["items"]
    assert (item["actor"], item["undone_by"]) == ("engine", None)
    undone = await post(api, f"merges/{item['merge_id']}/undo", REASON)
    assert await values(api, anna) >= {"anna@nordlys.se", "+46701740601"}
    assert await values(api, bo) == {"bo@nordlys.se", "+46701740602"}
    await resolve(api, *together)
    assert (await read(api, anna))["customer_id"] != (await read(api, bo))["customer_id"]
    (item,) = (await api.get(f"/v1/customers/{met['customer_id']}/merges")).json()["items"]
    assert [item["undone_by"]] == undone["decision_ids"]
    await assert_sound(Actor(service))


async def test_what_came_since_goes_with_the_identifier_that_it_came_with(service, api):
    anna, bo = await two(api)
    merged = await merge(api, anna, bo)
    await resolve(api, mail("anna", "verified"), phone(3, "verified"))
    await resolve(api, mail("bo"), phone(4))
    await post(api, f"merges/{merged['merge_id']}/undo", {})
    assert await values(api, anna) >= {"anna@nordlys.se", "+46701740603"}
    assert "+46701740604" in await values(api, bo)
    assert (await resolve(api, phone(3, "verified")))["customer_id"] == anna
    await assert_sound(Actor(service))


async def test_the_middle_of_a_chain_is_undone(service, api):
    ids = [(await resolve(api, mail(name)))["customer_id"] for name in "abc"]
    first = await merge(api, ids[0], ids[1])
    await merge(api, ids[1], ids[2])
    await post(api, f"merges/{first['merge_id']}/undo", REASON)
    assert await values(api, ids[0]) == {"a@nordlys.se"}
    assert await values(api, ids[2]) == {"b@nordlys.se", "c@nordlys.se"}
    assert (await read(api, ids[1]))["customer_id"] == ids[2]
    await assert_sound(Actor(service))


async def test_the_events_of_an_undo(service, api):
    anna, bo = await two(api)
    merged = await merge(api, anna, bo)
    actor = Actor(service)
    already = len(await actor.events())
    undone = await post(api, f"merges/{merged['merge_id']}/undo", REASON)
    events = (await actor.events())[already:]
    kinds = [event["type"].removeprefix("identity.") for event in events]
    assert kinds == ["identifier.removed"] * 3 + ["customer.unmerged"] * 2
    assert {event["data"]["undo_of"] for event in events} == {merged["merge_id"]}
    ours, theirs = events[-2:]
    assert (ours["subject_id"], theirs["subject_id"]) == (bo, anna)
    for event in (ours, theirs):
        (restored,) = event["data"]["restored"]
        assert restored == {"customer_id": anna, "version": theirs["sequence"], "merged_ids": []}
        assert event["data"]["survivor_id"] == bo
        assert event["data"]["decision_id"] == undone["decision_ids"][0]
        assert event["data"]["reason"] == REASON["reason"]
    assert theirs["data"]["attributes"] == {"name": "Anna", "tier": "gold"}
    tokens = [ConsistencyToken.decode(token) for token in undone["consistency_tokens"]]
    assert tokens == [(UUID(bo), ours["sequence"]), (UUID(anna), theirs["sequence"])]


async def test_a_preview_shows_both_and_changes_nothing(service, api):
    anna, bo = await two(api)
    merged = await merge(api, anna, bo)
    path = f"merges/{merged['merge_id']}/undo"
    preview = await post(api, path, REASON | {"dry_run": True})
    assert preview["decision_ids"] == []
    assert preview["consistency_tokens"] == []
    first, second = preview["preview"]
    assert (first["customer_id"], second["customer_id"]) == (bo, anna)
    assert second["attributes"] == {"name": "Anna", "tier": "gold"}
    assert (await read(api, anna))["customer_id"] == bo
    undone = await post(api, path, REASON)
    assert undone["restored_ids"] == preview["restored_ids"]
    for shown in preview["preview"]:
        now = await read(api, shown["customer_id"])
        assert now["attributes"] == shown["attributes"]
        assert now["identifiers"] == shown["identifiers"]


async def test_undoing_again_changes_nothing(service, api):
    merged = await merge(api, *await two(api))
    path = f"merges/{merged['merge_id']}/undo"
    await post(api, path, {})
    events = len(await Actor(service).events())
    assert not (await post(api, path, {}))["changed"]
    assert len(await Actor(service).events()) == events


async def test_an_idempotency_key_replays_the_undo(service, api):
    merged = await merge(api, *await two(api))
    path = f"merges/{merged['merge_id']}/undo"
    answers = [await post(api, path, {}, headers={"Idempotency-Key": "u-1"}) for _ in range(2)]
    assert answers[0] == answers[1]
    assert answers[0]["changed"]


async def test_concurrent_undoings_are_one(service, api):
    merged = await merge(api, *await two(api))
    path = f"merges/{merged['merge_id']}/undo"
    answers = await asyncio.gather(*(post(api, path, {}) for _ in range(6)))
    assert sum(answer["changed"] for answer in answers) == 1
    await assert_sound(Actor(service))


async def test_a_split_is_announced_with_who_decided_it(service, api):
    met = await resolve(api, mail("anna"), phone(1))
    body = {"identifiers": [plain(phone(1))], **REASON}
    split = await post(api, f"customers/{met['customer_id']}/split", body)
    (created,) = split["created_ids"]
    assert await values(api, created) == {"+46701740601"}
    (event,) = await Actor(service).events("customer.split")
    assert event["data"]["new_customer_id"] == created
    assert event["data"]["rule"] == "split"
    assert event["data"]["actor"].startswith("key:")
    assert event["data"]["history_from"] is not None
    await assert_sound(Actor(service))


async def test_an_unlinked_identifier_is_nobodys(service, api):
    met = await resolve(api, mail("anna"), mail("mistyped", "claimed"))
    path = f"customers/{met['customer_id']}/unlink"
    await post(api, path, {"identifier": plain(mail("mistyped"))})
    assert await values(api, met["customer_id"]) == {"anna@nordlys.se"}
    again = await resolve(api, mail("anna"), mail("mistyped", "claimed"))
    assert again["dropped"][0]["reason"] == "kept_apart"
    assert await values(api, met["customer_id"]) == {"anna@nordlys.se"}
    assert (await resolve(api, mail("mistyped")))["created"]
    await assert_sound(Actor(service))


async def test_customers_that_are_kept_apart_are_merged_only_against_the_decision(service, api):
    anna, bo = await two(api)
    apart = await post(api, "decisions/apart", {"customer_id": anna, "other_id": bo})
    await resolve(api, mail("anna", "verified"), phone(2, "verified"))
    assert (await read(api, anna))["customer_id"] != (await read(api, bo))["customer_id"]
    body = {"source_id": anna, "target_id": bo}
    preview = await post(api, "merges", body | {"dry_run": True})
    (conflict,) = preview["preview"]["conflicts"]
    assert (conflict["kind"], conflict["decision_ids"]) == ("kept_apart", apart["decision_ids"])
    refused = await api.post("/v1/merges", json=body)
    assert refused.status_code == 409
    assert refused.json()["type"].endswith("kept-apart")
    assert (await post(api, "merges", body | {"override_decisions": True}))["changed"]
    items = (await api.get(f"/v1/customers/{anna}/decisions")).json()["items"]
    assert [(each["rule"], each["withdrawn_at"] is None) for each in items] == [
        ("explicit", True), ("apart", False),
    ]  # fmt: skip
    await assert_sound(Actor(service))


async def test_the_preview_of_a_merge_warns_of_two_numbers_and_birth_dates(api):
    numbers = [
        {"type": "external_id", "value": value, "scope": "shop", "level": "verified"}
        for value in ("100", "200")
    ]
    ids = [
        (await resolve(api, number, attributes={"birth_date": date}))["customer_id"]
        for number, date in zip(numbers, ("1960-01-01", "1985-05-05"), strict=True)
    ]
    preview = await post(api, "merges", {"source_id": ids[0], "target_id": ids[1], "dry_run": True})
    conflicts = {each["kind"]: each for each in preview["preview"]["conflicts"]}
    assert conflicts.keys() == {"own_numbers", "birth_dates"}
    assert [each["value"] for each in conflicts["own_numbers"]["identifiers"]] == ["100", "200"]
    assert [each["value"] for each in preview["preview"]["moved"]] == ["100"]


async def test_a_withdrawn_undoing_lets_the_evidence_unite_them_again(service, api):
    anna, bo = await two(api)
    await resolve(api, mail("anna", "verified"), phone(2, "verified"))
    (item,) = (await api.get(f"/v1/customers/{anna}/merges")).json()["items"]
    undone = await post(api, f"merges/{item['merge_id']}/undo", {})
    await post(api, f"decisions/{undone['decision_ids'][0]}/withdraw", {})
    assert (await read(api, anna))["customer_id"] == (await read(api, bo))["customer_id"]
    await assert_sound(Actor(service))


async def test_an_identifier_is_released_from_quarantine(service, api):
    for number in range(13):
        own = {"type": "loyalty_id", "value": f"{number}", "scope": "s", "level": "channel_proved"}
        await resolve(api, mail("kiosk"), own)
    assert (await resolve(api, mail("kiosk"), create=False))["customer_id"] is None
    released = await post(api, "decisions/release", {"identifier": plain(mail("kiosk"))})
    met = await resolve(api, mail("kiosk"))
    assert met["customer_id"] in released["customer_ids"]
    again = await post(api, "decisions/release", {"identifier": plain(mail("kiosk"))})
    assert not again["changed"]
    await post(api, f"decisions/{released['decision_ids'][0]}/withdraw", {})
    assert (await resolve(api, mail("kiosk"), create=False))["customer_id"] is None
    await assert_sound(Actor(service))


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("split", {"identifiers": [plain(mail("bo"))]}, "/identifiers"),
        ("split", {"identifiers": [plain(mail("anna"))]}, "/identifiers"),
        ("split", {"identifiers": []}, "/identifiers"),
        ("split", {"identifiers": [{"type": "email", "value": "null"}]}, "/identifiers/0"),
        ("unlink", {"identifier": plain(mail("bo"))}, "/identifier"),
        ("unlink", {}, "/identifier"),
    ],
)
async def test_bad_input_is_named(api, path: str, body: Json, pointer: str):
    met = await resolve(api, mail("anna"))
    response = await api.post(f"/v1/customers/{met['customer_id']}/{path}", json=body)
    assert response.status_code == 422
    assert pointers(response) == [pointer]


def calls(anna: str, merge_id: str) -> list[tuple[str, Json]]:
    return [
        (f"merges/{merge_id}/undo", {}),
        (f"customers/{anna}/split", {"identifiers": [plain(phone(1))]}),
        (f"customers/{anna}/unlink", {"identifier": plain(phone(1))}),
        ("decisions/apart", {"customer_id": anna, "other_id": anna}),
        ("decisions/release", {"identifier": plain(phone(1))}),
        (f"decisions/{merge_id}/withdraw", {}),
    ]


async def test_other_tenants_find_nothing(service, api):
    anna, bo = await two(api)
    merged = await merge(api, anna, bo)
    events = len(await Actor(service).events())
    async with client(service, tenant="other") as http:
        for path, body in calls(anna, merged["merge_id"]):
            assert (await http.post(f"/v1/{path}", json=body)).status_code == 404, path
        for path in ("merges", "decisions"):
            assert (await http.get(f"/v1/customers/{anna}/{path}")).status_code == 404
    assert len(await Actor(service).events()) == events


async def test_keys_without_the_scope_are_refused(service, api):
    async with client(service, scopes=("identity:write", "context:read", "pii:read")) as http:
        for path, body in calls(str(uuid4()), str(uuid4())):
            assert (await http.post(f"/v1/{path}", json=body)).status_code == 403, path
        for path in ("merges", "decisions"):
            assert (await http.get(f"/v1/customers/{uuid4()}/{path}")).status_code == 403


async def test_callers_without_pii_see_masks(service, api):
    anna, bo = await two(api)
    merged = await merge(api, anna, bo)
    async with client(service, scopes=("identity:admin",)) as http:
        preview = await post(http, f"merges/{merged['merge_id']}/undo", {"dry_run": True})
    shown = [each["value"] for customer in preview["preview"] for each in customer["identifiers"]]
    assert not any("nordlys" in value or "+46" in value for value in shown)


async def test_lists_are_read_page_by_page(api):
    ids = [(await resolve(api, mail(name)))["customer_id"] for name in "abcd"]
    merges = [(await merge(api, each, ids[3]))["merge_id"] for each in ids[:3]]
    for kind, name in (("merges", "merge_id"), ("decisions", "decision_id")):
        read_ids, cursor = [], None
        while True:
            query = {"limit": "1"} | ({"cursor": cursor} if cursor else {})
            page = (await api.get(f"/v1/customers/{ids[3]}/{kind}", params=query)).json()
            read_ids += [item[name] for item in page["items"]]
            if (cursor := page["next"]) is None:
                break
        assert sorted(read_ids) == sorted(merges)
