from uuid import UUID, uuid4

import pytest

from common.web.requests import ConsistencyToken
from services.identity.tests.harness import client
from services.identity.tests.integration.api_requests import MAIL, PHONE, resolve


async def test_an_older_value_does_not_overwrite_and_a_null_clears(api):
    async def name(value: object, observed_at: str) -> dict:
        await resolve(api, MAIL, attributes={"name": value}, observed_at=observed_at)
        response = await api.get(f"/v1/customers/{made['customer_id']}")
        return response.json()["attributes"]

    made = await resolve(api, MAIL)
    assert await name("Anna", "2026-03-02T12:00:00Z") == {"name": "Anna"}
    assert await name("Ann", "2026-03-01T12:00:00Z") == {"name": "Anna"}
    assert await name(None, "2026-03-03T12:00:00Z") == {}
    assert await name("Ann", "2026-03-02T18:00:00Z") == {}


async def test_every_id_of_a_merged_customer_reads_the_survivor(api):
    one, two = await resolve(api, MAIL, attributes={"name": "Anna"}), await resolve(api, PHONE)
    merged = await api.post(
        "/v1/merges",
        json={"source_id": one["customer_id"], "target_id": two["customer_id"], "reason": "called"},
    )
    assert merged.status_code == 200
    assert merged.json() == {
        "merge_id": merged.json()["merge_id"],
        "customer_id": two["customer_id"],
        "absorbed_ids": [one["customer_id"]],
        "changed": True,
        "dry_run": False,
        "preview": None,
        "consistency_token": ConsistencyToken(UUID(two["customer_id"]), 2).encode(),
    }
    body = (await api.get(f"/v1/customers/{one['customer_id']}")).json()
    assert body["customer_id"] == two["customer_id"]
    assert body["requested_id"] == one["customer_id"]
    assert body["merged_ids"] == [one["customer_id"]]
    assert body["attributes"] == {"name": "Anna"}
    assert [held["value"] for held in body["identifiers"]] == ["anna@nordlys.se", "+46701740605"]
    assert body["version"] == 2
    back = await api.post(
        "/v1/merges", json={"source_id": two["customer_id"], "target_id": one["customer_id"]}
    )
    assert (back.status_code, back.json()["changed"]) == (200, False)
    assert back.json()["customer_id"] == two["customer_id"]


async def test_a_matching_etag_gets_304_until_the_customer_changes(api):
    made = await resolve(api, MAIL)
    path = f"/v1/customers/{made['customer_id']}"
    first = await api.get(path)
    again = await api.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    await resolve(api, MAIL, PHONE)
    changed = await api.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200


async def test_personal_values_are_masked_without_pii_read(service, api):
    made = await resolve(api, MAIL, attributes={"name": "Anna", "tier": "gold", "age": 41})
    other = await resolve(api, PHONE)
    async with client(service, scopes=("context:read", "identity:admin")) as masked:
        response = await masked.get(f"/v1/customers/{made['customer_id']}")
        merge = {
            "source_id": made["customer_id"],
            "target_id": other["customer_id"],
            "dry_run": True,
        }
        preview = await masked.post("/v1/merges", json=merge)
    assert response.json()["attributes"] == {"age": "***", "name": "A***", "tier": "gold"}
    (held,) = response.json()["identifiers"]
    assert (held["value"], held["type"]) == ("a***@***", "email")
    for text in (response.text.lower(), preview.text.lower()):
        assert "nordlys" not in text
        assert "1740605" not in text
        assert "41" not in response.json()["attributes"].values()


@pytest.mark.parametrize("unknown", [str(UUID(int=28673)), "no-uuid"])
async def test_an_unknown_customer_is_not_found(api, unknown):
    response = await api.get(f"/v1/customers/{unknown}")
    assert response.status_code == 404


async def test_a_customer_of_another_tenant_is_not_found(service, api):
    made = await resolve(api, MAIL)
    own = await resolve(api, PHONE)
    async with client(service, tenant="other") as there:
        read = await there.get(f"/v1/customers/{made['customer_id']}")
        unknown = await there.get(f"/v1/customers/{uuid4()}")
        merge = {"source_id": made["customer_id"], "target_id": own["customer_id"]}
        merged = await there.post("/v1/merges", json=merge)
        assert (await resolve(there, MAIL))["customer_id"] != made["customer_id"]
    assert read.status_code == unknown.status_code == merged.status_code == 404
    assert read.json() | {"instance": ""} == unknown.json() | {"instance": ""}
