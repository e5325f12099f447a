"""A suppressed contact point leads to nobody, whoever has it, through merges and erasures."""

from typing import Any

from devstack.testing.observation.searching import tables_with
from services.identity.tests.integration.api_requests import MAIL, PHONE, pointers, resolve

ADDRESS = {"type": "email", "value": "ANNA@nordlys.se"}


async def suppress(api: Any, identifier: object = ADDRESS) -> Any:
    body = {"identifier": identifier, "reason": "objects"}
    response = await api.post("/v1/suppressions", json=body)
    assert response.status_code == 200, response.text
    return response.json()


async def test_a_suppressed_address_finds_joins_and_creates_nobody(api, actor):
    anna = await resolve(api, MAIL)
    await suppress(api)
    again = await resolve(api, MAIL, attributes={"name": "Anna"})
    assert (again["customer_id"], again["reason"]) == (None, "suppressed")
    by_phone = await resolve(api, MAIL, PHONE)
    assert by_phone["customer_id"] not in {None, anna["customer_id"]}
    assert [dropped["reason"] for dropped in by_phone["dropped"]] == ["suppressed"]
    shown = (await api.get(f"/v1/customers/{anna['customer_id']}")).json()
    assert [identifier["type"] for identifier in shown["identifiers"]] == ["email"]


async def test_it_survives_a_merge_and_an_erasure(api):
    await suppress(api)
    anna, bo = await resolve(api, PHONE), await resolve(api, {"type": "device", "value": "dev-1"})
    merge = {"source_id": bo["customer_id"], "target_id": anna["customer_id"]}
    await api.post("/v1/merges", json=merge)
    assert (await resolve(api, MAIL))["reason"] == "suppressed"
    await api.post("/v1/erasures", json={"customer_id": anna["customer_id"], "reason": "request"})
    assert (await resolve(api, MAIL))["reason"] == "suppressed"


async def test_signing_up_again_does_not_lift_it(api, service):
    await suppress(api)
    await api.post("/v1/sign-ups", json={"identifiers": [ADDRESS]})
    now = service.clock.now().isoformat()
    assert (await resolve(api, MAIL, observed_at=now))["reason"] == "suppressed"


async def test_the_address_itself_is_stored_nowhere(service, api):
    await suppress(api)
    assert await tables_with(service.database, ["anna@nordlys.se"]) == {}


async def test_another_spelling_is_the_same_suppression(api):
    assert await suppress(api) == await suppress(api, {"type": "email", "value": "anna@nordlys.se"})


async def test_lifting_it_brings_the_customer_back(api):
    anna = await resolve(api, MAIL)
    suppression = await suppress(api)
    path = f"/v1/suppressions/{suppression['suppression_id']}/lift"
    first = await api.post(path, json={"reason": "agrees"})
    assert first.json()["lifted_at"] is not None
    assert first.json()["lift_reason"] == "agrees"
    assert (await api.post(path, json={"reason": "again"})).json() == first.json()
    assert (await resolve(api, MAIL))["customer_id"] == anna["customer_id"]
    assert (await suppress(api))["suppression_id"] != suppression["suppression_id"]


async def test_what_is_no_contact_point_is_refused(api):
    body = {"identifier": {"type": "email", "value": "n/a"}, "reason": "objects"}
    response = await api.post("/v1/suppressions", json=body)
    assert response.status_code == 422
    assert pointers(response) == ["/identifier/value"]
