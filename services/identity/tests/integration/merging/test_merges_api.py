from services.identity.tests.harness import Actor, client, running
from services.identity.tests.integration.api_requests import MAIL, PHONE, resolve


async def test_a_dry_run_previews_the_merge(api):
    one = await resolve(api, MAIL, attributes={"name": "Anna"}, observed_at="2026-03-02T12:00:00Z")
    two = await resolve(api, PHONE, attributes={"name": "Ann"}, observed_at="2026-03-01T12:00:00Z")
    merge = {"source_id": one["customer_id"], "target_id": two["customer_id"], "dry_run": True}
    body = (await api.post("/v1/merges", json=merge)).json()
    assert (body["changed"], body["merge_id"]) == (True, None)
    assert body["absorbed_ids"] == [one["customer_id"]]
    assert body["preview"]["attributes"] == {"name": "Anna"}
    assert len(body["preview"]["identifiers"]) == 2
    assert body["preview"]["overridden"] == [
        {"customer_id": two["customer_id"], "name": "name", "value": "Ann"}
    ]
    untouched = (await api.get(f"/v1/customers/{one['customer_id']}")).json()
    assert untouched["customer_id"] == one["customer_id"]


async def test_an_idempotency_key_replays_the_merge(service, api):
    one, two = await resolve(api, MAIL), await resolve(api, PHONE)
    merge = {"source_id": one["customer_id"], "target_id": two["customer_id"]}
    responses = [
        await api.post("/v1/merges", json=merge, headers={"Idempotency-Key": "m-1"})
        for _ in range(2)
    ]
    assert responses[0].json()["changed"]
    assert responses[1].json() == responses[0].json()
    assert len(await Actor(service).events("customer.merged")) == 1


async def test_a_merge_beyond_the_limit_is_a_conflict(service, api):
    one, two = await resolve(api, MAIL), await resolve(api, PHONE)
    merge = {"source_id": one["customer_id"], "target_id": two["customer_id"]}
    dsn = service.settings.postgres.dsn.get_secret_value()
    async with running(dsn, rules={"max_identifiers": 1}) as strict, client(strict) as http:
        response = await http.post("/v1/merges", json=merge)
    assert response.status_code == 409
    assert response.json()["type"].endswith("too-many-identifiers")
