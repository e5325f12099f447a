"""After a split or an undone merge each customer has what its own senders reported."""

from typing import Any

import httpx

from services.identity.tests.integration.api_requests import resolve

Json = dict[str, Any]
MAIL = {"type": "email", "value": "anna@nordlys.se", "level": "channel_proved"}
PHONE = {"type": "phone", "value": "+46701740605", "level": "channel_proved"}


def number(value: str) -> Json:
    return {"type": "external_id", "value": value, "scope": "shop", "level": "verified"}


def verified(identifier: Json) -> Json:
    return identifier | {"level": "verified"}


async def attributes(api: httpx.AsyncClient, customer_id: str) -> Json:
    response = await api.get(f"/v1/customers/{customer_id}")
    assert response.status_code == 200
    shown: Json = response.json()["attributes"]
    return shown


async def history(api: httpx.AsyncClient, customer_id: str, name: str) -> list[tuple[Any, str]]:
    response = await api.get(f"/v1/customers/{customer_id}/attributes/{name}")
    return [(item["value"], item["state"]) for item in response.json()["items"]]


async def at(api: httpx.AsyncClient, customer_id: str, moment: str) -> Json:
    response = await api.get(f"/v1/customers/{customer_id}/attributes", params={"at": moment})
    return {item["name"]: item["value"] for item in response.json()["attributes"]}


async def split(api: httpx.AsyncClient) -> tuple[str, str]:
    """Return the customers of the address and of the number, which were one at first."""
    both = await resolve(api, MAIL, PHONE, attributes={"name": "Anna", "city": "Lund"})
    await resolve(api, MAIL, attributes={"tier": "silver"})
    for _ in range(3):
        await resolve(api, PHONE, attributes={"tier": "gold", "name": "Bo"})
    await resolve(api, PHONE, attributes={"city": None})
    assert await attributes(api, both["customer_id"]) == {"name": "Bo", "tier": "gold"}
    of_mail = await resolve(api, verified(MAIL), number("1"))
    of_phone = await resolve(api, verified(PHONE), number("2"))
    assert of_mail["customer_id"] != of_phone["customer_id"]
    return of_mail["customer_id"], of_phone["customer_id"]


async def test_a_split_gives_each_customer_its_values_and_their_history(service, api):
    of_mail, of_phone = await split(api)
    assert await attributes(api, of_mail) == {"name": "Anna", "city": "Lund", "tier": "silver"}
    assert await attributes(api, of_phone) == {"name": "Bo", "tier": "gold"}
    assert await history(api, of_mail, "name") == [("Anna", "current")]
    assert await history(api, of_mail, "tier") == [("silver", "current")]
    said_twice = [("Bo", "current"), ("Bo", "overridden")]
    assert await history(api, of_phone, "name") == said_twice
    assert await history(api, of_phone, "city") == [(None, "current")]


async def test_the_past_before_a_split_stays_readable(service, api):
    both = await resolve(api, MAIL, PHONE, attributes={"name": "Anna"})
    await resolve(api, PHONE, attributes={"name": "Bo"})
    before = service.clock.now().isoformat()
    await resolve(api, verified(MAIL), number("1"))
    of_phone = await resolve(api, verified(PHONE), number("2"))
    went_on = both["customer_id"]
    assert await at(api, went_on, before) == {"name": "Bo"}
    now = service.clock.now().isoformat()
    ids = {went_on, of_phone["customer_id"]}
    shown = sorted([(await at(api, each, now))["name"] for each in ids])
    assert shown == ["Anna", "Bo"]


async def test_a_split_is_announced_with_what_each_has_since(actor, api):
    of_mail, of_phone = await split(api)
    last: dict[str, Json] = {}
    for event in await actor.events():
        if "attributes" in event["data"]:
            last[event["subject_id"]] = event["data"]["attributes"]
    assert last[of_mail] == await attributes(api, of_mail)
    assert last[of_phone] == await attributes(api, of_phone)


async def test_those_of_a_split_are_found_by_their_own_names(api):
    of_mail, of_phone = await split(api)
    for name, customer_id in (("anna", of_mail), ("bo", of_phone)):
        response = await api.post("/v1/customers/search", json={"name_prefix": name})
        assert [item["customer_id"] for item in response.json()["items"]] == [customer_id]


async def test_what_came_between_a_merge_and_its_undoing_goes_by_its_identifier(api):
    anna = await resolve(api, MAIL, attributes={"name": "Anna", "tier": "silver"})
    bo = await resolve(api, PHONE, attributes={"name": "Bo"})
    ids = {"source_id": bo["customer_id"], "target_id": anna["customer_id"], "reason": "one"}
    merge = (await api.post("/v1/merges", json=ids)).json()
    await resolve(api, PHONE, attributes={"tier": "gold", "city": "Lund"})
    await resolve(api, MAIL, attributes={"language": "sv"})
    await api.patch(f"/v1/customers/{bo['customer_id']}", json={"attributes": {"note": "vip"}})
    undo = await api.post(f"/v1/merges/{merge['merge_id']}/undo", json={"reason": "two after all"})
    assert undo.status_code == 200, undo.text
    assert await attributes(api, anna["customer_id"]) == {
        "name": "Anna",
        "tier": "silver",
        "language": "sv",
        "note": "vip",
    }
    assert await attributes(api, bo["customer_id"]) == {
        "name": "Bo",
        "tier": "gold",
        "city": "Lund",
    }
    assert await history(api, bo["customer_id"], "tier") == [("gold", "current")]
    assert await history(api, anna["customer_id"], "tier") == [("silver", "current")]


async def test_values_that_come_back_after_another_merge_are_not_doubled(api):
    of_mail, of_phone = await split(api)
    ids = {"source_id": of_phone, "target_id": of_mail, "reason": "one after all"}
    merge = (await api.post("/v1/merges", json=ids)).json()
    assert await attributes(api, of_phone) == {"name": "Bo", "tier": "gold"}
    values = [value for value, _ in await history(api, of_mail, "tier")]
    assert values == ["gold", "gold", "silver"]
    await api.post(f"/v1/merges/{merge['merge_id']}/undo", json={"reason": "two"})
    assert await attributes(api, of_mail) == {"name": "Anna", "city": "Lund", "tier": "silver"}
    assert await attributes(api, of_phone) == {"name": "Bo", "tier": "gold"}
