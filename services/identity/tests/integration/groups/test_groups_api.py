"""Households and accounts over HTTP: saved, read, listed, looked up, removed."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from services.identity.tests.harness import Actor, client
from services.identity.tests.integration.api_requests import MAIL, pointers, resolve

LANDLINE = {"type": "phone", "value": "+46 8 611 30 00"}
RECEPTION = {"type": "email", "value": "Info@Nordlys.se"}


def household(number: str = "1", **more: Any) -> dict[str, Any]:
    return {
        "external_id": {"source": "crm", "id": f"H-{number}"},
        "kind": "household",
        "name": "Lindqvist",
        "attributes": {"cars": 1},
        "contact_points": [LANDLINE],
        **more,
    }


def account(number: str = "1", **more: Any) -> dict[str, Any]:
    own = {"kind": "account", "external_id": {"source": "crm", "id": f"A-{number}"}}
    return household(**{"contact_points": [RECEPTION], **own, **more})


async def save(api, body: dict[str, Any]) -> dict[str, Any]:
    response = await api.put("/v1/groups", json=body)
    assert response.status_code == 200, response.text
    saved: dict[str, Any] = response.json()
    return saved


async def test_a_group_is_saved_and_read(service, api):
    saved = await save(api, household())
    read = await api.get(f"/v1/groups/{saved['group_id']}")
    assert read.json() == saved
    assert saved["external_id"] == {"source": "crm", "id": "H-1"}
    assert saved["contact_points"] == [
        {"type": "phone", "value": "+4686113000", "scope": None, "raw": "+46 8 611 30 00"}
    ]
    assert (saved["members"], saved["version"]) == (0, 1)
    (event,) = await Actor(service).events("group.created")
    assert (event["subject_id"], event["sequence"]) == (saved["group_id"], 1)
    assert event["data"]["contact_points"] == saved["contact_points"]


async def test_saving_again_replaces_what_the_group_is(service, api):
    first = await save(api, household())
    second = await save(api, household(name=None, attributes={}, contact_points=[RECEPTION]))
    assert second["group_id"] == first["group_id"]
    assert (second["name"], second["attributes"], second["version"]) == (None, {}, 2)
    assert [point["value"] for point in second["contact_points"]] == ["info@nordlys.se"]
    (event,) = await Actor(service).events("group.updated")
    assert event["data"]["changed"] == ["attributes", "contact_points", "name"]


async def test_saving_the_same_again_changes_nothing(service, api):
    first = await save(api, household())
    respelt = household(contact_points=[LANDLINE | {"value": "0046-8-6113000"}])
    assert await save(api, respelt | {"default_region": "SE"}) == first
    assert len(await Actor(service).events()) == 1


async def test_a_null_attribute_is_the_same_as_none(api):
    saved = await save(api, household(attributes={"cars": None, "dogs": 2}))
    assert saved["attributes"] == {"dogs": 2}


async def test_twenty_requests_at_once_create_one_group(service, api):
    saved = await asyncio.gather(*(save(api, household(name=f"{n}")) for n in range(20)))
    assert len({group["group_id"] for group in saved}) == 1
    assert sorted(group["version"] for group in saved) == list(range(1, 21))
    sequences = [event["sequence"] for event in await Actor(service).events()]
    assert sequences == list(range(1, 21))


async def test_an_idempotency_key_replays_the_answer(service, api):
    headers = {"Idempotency-Key": "g-1"}
    first, again = [
        await api.put("/v1/groups", json=household(), headers=headers) for _ in range(2)
    ]
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    other = await api.put("/v1/groups", json=household(name="Berg"), headers=headers)
    assert other.status_code == 422


async def test_if_match_refuses_a_blind_overwrite(api):
    saved = await api.put("/v1/groups", json=household())
    etag = saved.headers["etag"]
    good = await api.put("/v1/groups", json=household(name="Berg"), headers={"If-Match": etag})
    stale = await api.put("/v1/groups", json=household(name="Ek"), headers={"If-Match": etag})
    none = await api.put("/v1/groups", json=household("2"), headers={"If-Match": etag})
    assert (good.status_code, stale.status_code, none.status_code) == (200, 412, 412)
    path = f"/v1/groups/{saved.json()['group_id']}"
    assert (await api.delete(path, headers={"If-Match": etag})).status_code == 412
    current = await api.get(path)
    assert current.json()["name"] == "Berg"
    same = await api.get(path, headers={"If-None-Match": current.headers["etag"]})
    assert same.status_code == 304
    assert current.headers["etag"] == good.headers["etag"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (household(external_id={"source": "crm", "id": "n/a"}), "/external_id/id"),
        (household(external_id={"source": "crm", "id": ""}), "/external_id/id"),
        (household(external_id={"source": " ", "id": "1"}), "/external_id/source"),
        (household(external_id=None), "/external_id"),
        (household(kind="family"), "/kind"),
        (household(contact_points=[LANDLINE, {"type": "email", "value": "x"}]),
         "/contact_points/1/value"),
        (household(contact_points=[{"type": "messenger", "value": "1"}]),
         "/contact_points/0/scope"),
        (household(contact_points=[{"type": "external_id", "value": "1", "scope": "crm"}]),
         "/contact_points/0/type"),
        (household(contact_points=[LANDLINE] * 51), "/contact_points"),
        (household(attributes={"1st": 1}), "/attributes/1st"),
        (household(attributes={"note": "x" * 5_000}), "/attributes/note"),
        (household(name="  "), "/name"),
        (household(members=[]), "/members"),
    ],
)  # fmt: skip
async def test_bad_input_is_named(api, body: dict[str, Any], pointer: str):
    response = await api.put("/v1/groups", json=body)
    assert response.status_code == 422, response.text
    assert pointers(response) == [pointer]


async def test_groups_are_listed_page_by_page_and_by_kind(api):
    saved = [await save(api, household(f"{n}")) for n in range(3)]
    saved += [await save(api, account(f"{n}")) for n in range(2)]
    first = (await api.get("/v1/groups", params={"limit": 3})).json()
    rest = (await api.get("/v1/groups", params={"limit": 3, "cursor": first["next"]})).json()
    assert first["items"] + rest["items"] == saved
    assert rest["next"] is None
    accounts = (await api.get("/v1/groups", params={"kind": "account", "limit": 1})).json()
    assert accounts["items"] == saved[3:4]
    elsewhere = {"kind": "household", "cursor": accounts["next"]}
    assert (await api.get("/v1/groups", params=elsewhere)).status_code == 400
    assert (await api.get("/v1/groups", params={"kind": "family"})).status_code == 422


async def test_groups_are_looked_up_by_a_shared_contact_point(api):
    both = [await save(api, household(f"{n}")) for n in range(2)]
    await save(api, account())
    found = await api.post(
        "/v1/groups/lookup",
        json={"identifier": {"type": "landline", "value": "08-6113000"}, "default_region": "SE"},
    )
    assert found.json() == {"items": both, "next": None}
    query = {"params": {"limit": 1}, "json": {"identifier": LANDLINE}}
    first = (await api.post("/v1/groups/lookup", **query)).json()
    query["params"] = {"limit": 1, "cursor": first["next"]}
    second = (await api.post("/v1/groups/lookup", **query)).json()
    assert first["items"] + second["items"] == both
    nobody = await api.post(
        "/v1/groups/lookup", json={"identifier": {"type": "email", "value": "b@nordlys.se"}}
    )
    assert nobody.json() == {"items": [], "next": None}


async def test_a_group_is_looked_up_by_its_external_id(api):
    saved = await save(api, household())
    identifier = {"type": "external_id", "value": "H-1", "scope": "crm"}
    found = await api.post("/v1/groups/lookup", json={"identifier": identifier})
    assert found.json()["items"] == [saved]
    elsewhere = identifier | {"scope": "shop"}
    other = await api.post("/v1/groups/lookup", json={"identifier": elsewhere})
    assert other.json()["items"] == []
    unscoped = identifier | {"scope": None}
    refused = await api.post("/v1/groups/lookup", json={"identifier": unscoped})
    assert pointers(refused) == ["/identifier/scope"]


async def test_a_contact_point_that_left_a_group_finds_it_no_longer(api):
    await save(api, household())
    await save(api, household(contact_points=[]))
    found = await api.post("/v1/groups/lookup", json={"identifier": LANDLINE})
    assert found.json()["items"] == []


async def test_a_removed_group_leaves_nothing_but_its_number(service, api):
    actor = Actor(service)
    saved = await save(api, household())
    met = await resolve(api, MAIL)
    path = f"/v1/groups/{saved['group_id']}"
    member = await api.put(f"{path}/members/{met['customer_id']}", json={})
    assert member.status_code == 200
    removed = [await api.delete(path) for _ in range(2)]
    assert [(answer.status_code, answer.content) for answer in removed] == [(204, b"")] * 2
    (event,) = await actor.events("group.removed")
    assert event["sequence"] == 3
    assert (await api.get(path)).status_code == 404
    assert (await api.get(f"{path}/members")).status_code == 404
    assert (await api.get("/v1/groups")).json()["items"] == []
    (left,) = await actor.rows("SELECT name, source, external_id, attributes FROM customer_group")
    assert tuple(left) == (None, None, None, {})
    for table in ("group_contact_point", "group_member"):
        assert await actor.rows(f"SELECT 1 FROM {table}") == []
    second = await save(api, household())
    assert (second["group_id"] != saved["group_id"], second["version"]) == (True, 1)


async def test_an_unknown_group_is_not_found(api):
    path = f"/v1/groups/{uuid4()}"
    answers = [await api.get(path), await api.delete(path), await api.get(f"{path}/members")]
    assert {answer.status_code for answer in answers} == {404}


async def test_callers_without_pii_see_masks(service, api):
    saved = await save(api, household())
    async with client(service, scopes=("context:read",)) as http:
        shown = (await http.get(f"/v1/groups/{saved['group_id']}")).json()
    assert shown["name"] == "L***"
    assert shown["external_id"] == {"source": "crm", "id": "***"}
    assert shown["attributes"] == {"cars": "***"}
    (point,) = shown["contact_points"]
    assert (point["value"], point["raw"]) == ("***00", "***00")


async def test_another_tenant_sees_none_of_it(service, api):
    saved = await save(api, household())
    async with client(service, tenant="other") as http:
        path = f"/v1/groups/{saved['group_id']}"
        assert (await http.get(path)).status_code == 404
        assert (await http.delete(path)).status_code == 404
        assert (await http.get("/v1/groups")).json()["items"] == []
        found = await http.post("/v1/groups/lookup", json={"identifier": LANDLINE})
        assert found.json()["items"] == []
        theirs = await save(http, household())
    assert theirs["group_id"] != saved["group_id"]
    assert (await api.get(f"/v1/groups/{saved['group_id']}")).json() == saved
