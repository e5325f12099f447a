"""``PATCH /v1/customers/{id}`` sets and clears attributes as the caller."""

import asyncio

import pytest

from identity.customers.domain.attributes import Json
from identity.settings import RuleSettings
from services.identity.tests.harness import assert_sound, client, running
from services.identity.tests.integration.api_requests import MAIL, PHONE, pointers, resolve

CHANNEL = MAIL | {"level": "channel_proved"}


def patch(**attributes: Json) -> dict[str, Json]:
    return {"json": {"attributes": attributes}}


async def test_a_patch_sets_clears_and_leaves_alone(service, actor, api):
    made = await resolve(api, MAIL, attributes={"name": "Ann", "tier": "gold", "age": 41})
    path = f"/v1/customers/{made['customer_id']}"
    changed = await api.patch(path, **patch(name="Anna", tier=None))
    assert changed.status_code == 200, changed.text
    read = await api.get(path)
    assert changed.json() == read.json()
    assert changed.headers["etag"] == read.headers["etag"]
    assert read.json()["attributes"] == {"age": 41, "name": "Anna"}
    assert read.json()["version"] == made["version"] + 1
    (event,) = await actor.events("customer.updated")
    assert event["data"]["changed"] == ["name", "tier"]
    assert event["data"]["attributes"] == {"age": 41, "name": "Anna"}
    origins = event["data"]["provenance"].values()
    assert all(origin["source"].startswith("key:") for origin in origins)
    assert {origin["level"] for origin in origins} == {"verified"}
    await assert_sound(actor)


async def test_a_patch_with_the_type_of_merge_patches_merges_objects(api):
    made = await resolve(api, MAIL, attributes={"address": {"city": "Lund", "zip": "22100"}})
    path = f"/v1/customers/{made['customer_id']}"
    body = b'{"attributes": {"address": {"city": "Kiruna", "zip": null}}}'
    headers = {"content-type": "application/merge-patch+json"}
    changed = await api.patch(path, content=body, headers=headers)
    assert changed.json()["attributes"] == {"address": {"city": "Kiruna"}}


async def test_any_id_ever_issued_changes_the_canonical_customer(actor, api):
    one, two = await resolve(api, MAIL), await resolve(api, PHONE)
    ids = {"source_id": one["customer_id"], "target_id": two["customer_id"]}
    await api.post("/v1/merges", json=ids)
    changed = await api.patch(f"/v1/customers/{one['customer_id']}", **patch(tier="gold"))
    assert changed.json()["customer_id"] == two["customer_id"]
    assert changed.json()["requested_id"] == one["customer_id"]
    read = await api.get(f"/v1/customers/{two['customer_id']}")
    assert read.json()["attributes"] == {"tier": "gold"}
    await assert_sound(actor)


async def test_if_match_protects_against_blind_overwrites(api):
    made = await resolve(api, MAIL, attributes={"tier": "gold"})
    path = f"/v1/customers/{made['customer_id']}"
    seen = (await api.get(path)).headers["etag"]
    await api.patch(path, **patch(tier="silver"))
    late = await api.patch(path, **patch(tier="platinum"), headers={"If-Match": seen})
    assert late.status_code == 412
    assert (await api.get(path)).json()["attributes"] == {"tier": "silver"}
    current = (await api.get(path)).headers["etag"]
    changed = await api.patch(path, **patch(tier="platinum"), headers={"If-Match": current})
    assert changed.status_code == 200
    any_state = await api.patch(path, **patch(tier="gold"), headers={"If-Match": "*"})
    assert any_state.status_code == 200


async def test_a_report_that_changes_nothing_visible_keeps_the_etag(service, api):
    made = await resolve(api, MAIL, attributes={"tier": "gold"})
    path = f"/v1/customers/{made['customer_id']}"
    before = await api.get(path)
    await resolve(api, MAIL, attributes={"tier": "gold"})
    after = await api.get(path)
    assert (after.json(), after.headers["etag"]) == (before.json(), before.headers["etag"])


async def test_an_edit_holds_against_channels_and_claims_until_better_is_known(service, api):
    made = await resolve(api, CHANNEL, attributes={"name": "A."})
    path = f"/v1/customers/{made['customer_id']}"
    await api.patch(path, **patch(name="Anna"))
    for identifier, name in ((CHANNEL, "Anna"), (MAIL | {"level": "claimed"}, "Anna")):
        await resolve(api, identifier, attributes={"name": "Anki"})
        assert (await api.get(path)).json()["attributes"] == {"name": name}
    await resolve(api, MAIL, attributes={"name": "Anna B."})
    assert (await api.get(path)).json()["attributes"] == {"name": "Anna B."}


async def test_an_edit_counts_over_a_source_with_priority(fresh_dsn):
    rules = RuleSettings(source_priorities={"*": {"crm": 10}})
    async with running(fresh_dsn("identity"), rules=rules) as service, client(service) as api:
        made = await resolve(api, MAIL, attributes={"tier": "gold"}, source="crm")
        path = f"/v1/customers/{made['customer_id']}"
        changed = await api.patch(path, **patch(tier="silver"))
        assert changed.json()["attributes"] == {"tier": "silver"}
        await resolve(api, MAIL, attributes={"tier": "bronze"}, source="crm")
        assert (await api.get(path)).json()["attributes"] == {"tier": "bronze"}


async def test_a_repeat_with_its_key_is_answered_and_done_once(actor, api):
    made = await resolve(api, MAIL)
    path = f"/v1/customers/{made['customer_id']}"
    headers = {"Idempotency-Key": "k-1"}
    first = await api.patch(path, **patch(tier="gold"), headers=headers)
    again = await api.patch(path, **patch(tier="gold"), headers=headers)
    assert first.json() == again.json()
    assert len(await actor.events("customer.updated")) == 1


async def test_edits_at_once_all_count(actor, api):
    made = await resolve(api, MAIL)
    path = f"/v1/customers/{made['customer_id']}"
    answers = await asyncio.gather(
        *(api.patch(path, **patch(**{f"a{number}": number})) for number in range(20))
    )
    assert {answer.status_code for answer in answers} == {200}
    shown = (await api.get(path)).json()
    assert shown["attributes"] == {f"a{number}": number for number in range(20)}
    assert shown["version"] == made["version"] + 20
    await assert_sound(actor)


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, ["/attributes"]),
        ({"attributes": {}}, ["/attributes"]),
        ({"attributes": {"a b": 1}}, ["/attributes/a b"]),
        ({"attributes": {"note": "x" * 5_000}}, ["/attributes/note"]),
        ({"attributes": {"tier": 1}, "identifiers": []}, ["/identifiers"]),
    ],
)
async def test_invalid_patches_name_their_fields(api, body, wrong):
    made = await resolve(api, MAIL)
    response = await api.patch(f"/v1/customers/{made['customer_id']}", json=body)
    assert (response.status_code, pointers(response)) == (422, wrong)


async def test_the_number_of_attributes_is_limited(fresh_dsn):
    rules = RuleSettings(max_attributes=2)
    async with running(fresh_dsn("identity"), rules=rules) as service, client(service) as api:
        made = await resolve(api, MAIL, attributes={"a": 1, "b": 2})
        path = f"/v1/customers/{made['customer_id']}"
        refused = await api.patch(path, **patch(c=3))
        assert (refused.status_code, pointers(refused)) == (422, ["/attributes"])
        assert (await api.patch(path, **patch(a=3))).status_code == 200


async def test_it_needs_the_scope_and_the_tenant(service, api):
    made = await resolve(api, MAIL)
    path = f"/v1/customers/{made['customer_id']}"
    async with client(service, scopes=("context:read", "pii:read")) as reader:
        assert (await reader.patch(path, **patch(tier="gold"))).status_code == 403
    async with client(service, tenant="other") as there:
        assert (await there.patch(path, **patch(tier="gold"))).status_code == 404
    async with client(service, scopes=("identity:write",)) as writer:
        masked = await writer.patch(path, **patch(name="Anna", tier="gold"))
    assert masked.json()["attributes"] == {"name": "A***", "tier": "gold"}
