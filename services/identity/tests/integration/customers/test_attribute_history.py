"""Which reported values count, and what is kept and shown of the others."""

from typing import Any

import httpx
import pytest

from identity.settings import RuleSettings
from services.identity.tests.harness import client, running
from services.identity.tests.integration.api_requests import MAIL, PHONE, resolve

CHANNEL = MAIL | {"level": "channel_proved"}
CLAIM = PHONE | {"level": "claimed"}


async def attributes(api: httpx.AsyncClient, customer_id: str) -> dict[str, Any]:
    response = await api.get(f"/v1/customers/{customer_id}")
    assert response.status_code == 200
    shown: dict[str, Any] = response.json()["attributes"]
    return shown


async def origins(api: httpx.AsyncClient, customer_id: str, **query: str) -> dict[str, Any]:
    response = await api.get(f"/v1/customers/{customer_id}/attributes", params=query)
    assert response.status_code == 200, response.text
    return {origin["name"]: origin for origin in response.json()["attributes"]}


async def history(
    api: httpx.AsyncClient, customer_id: str, name: str, **query: str
) -> list[dict[str, Any]]:
    response = await api.get(f"/v1/customers/{customer_id}/attributes/{name}", params=query)
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items


def states(items: list[dict[str, Any]]) -> list[tuple[object, str]]:
    return [(item["value"], item["state"]) for item in items]


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        (["silver", "gold"], {"tier": "gold"}),
        (["gold", "silver", "gold"], {"tier": "gold"}),
        ([5, 10], {"tier": 10}),
        ([10, 5], {"tier": 5}),
        ([True, None], {}),
        ([None, False], {"tier": False}),
        (["b", "a"], {"tier": "a"}),
    ],
)
@pytest.mark.parametrize("identifier", [CHANNEL, MAIL | {"level": "claimed"}, MAIL])
async def test_of_equal_times_the_later_one_counts(api, values, shown, identifier):
    """In a batch, in calls one after the other, and with a time that callers name."""
    observed = {"observed_at": "2026-03-01T00:00:00Z"}
    items = [{"identifiers": [identifier], "attributes": {"tier": value}} for value in values]
    batch = await api.post("/v1/identities/resolve/batch", json={"items": items})
    customer_id = batch.json()["items"][0]["customer_id"]
    assert await attributes(api, customer_id) == shown
    for value in values:
        other = identifier | {"value": "b@nordlys.se"}
        made = await resolve(api, other, attributes={"tier": value}, **observed)
    assert await attributes(api, made["customer_id"]) == shown


async def test_what_no_longer_counts_is_kept_with_its_origin(api):
    at = "2026-03-01T{}:00:00.000000Z".format
    made = await resolve(
        api, MAIL, attributes={"tier": "gold"}, observed_at=at(12), source="webshop"
    )
    await resolve(api, MAIL, attributes={"tier": "silver"}, observed_at=at(10), source="crm")
    await resolve(api, MAIL, attributes={"tier": None}, observed_at=at(14), source="crm")
    items = await history(api, made["customer_id"], "tier")
    assert states(items) == [(None, "current"), ("gold", "overridden"), ("silver", "overridden")]
    assert [item["source"] for item in items] == ["crm", "webshop", "crm"]
    assert [item["observed_at"] for item in items] == [at(14), at(12), at(10)]
    assert {item["level"] for item in items} == {"verified"}
    assert (await origins(api, made["customer_id"]))["tier"]["value"] is None


async def test_a_claim_is_shown_as_one_and_changes_nothing(api):
    made = await resolve(api, MAIL, CLAIM, attributes={"name": "Vera"})
    claimed = await resolve(api, CLAIM, attributes={"name": "Mallory", "birth_date": "1990-01-01"})
    assert claimed["customer_id"] == made["customer_id"]
    assert await attributes(api, made["customer_id"]) == {"name": "Vera"}
    assert claimed["version"] == made["version"]
    assert sorted(states(await history(api, made["customer_id"], "name"))) == [
        ("Mallory", "claim"),
        ("Vera", "current"),
    ]
    assert states(await history(api, made["customer_id"], "birth_date")) == [
        ("1990-01-01", "claim")
    ]
    assert set(await origins(api, made["customer_id"])) == {"name"}


async def test_what_counted_at_a_time_can_be_read(service, api):
    """A late report changes what is known of the past, and not what was known then."""
    clock = service.clock
    made = await resolve(api, MAIL, attributes={"tier": "silver"})
    known_first = clock.now()
    await resolve(api, MAIL, attributes={"tier": "gold"})
    await resolve(api, MAIL, attributes={"city": "Lund"}, observed_at=known_first.isoformat())
    known_second = clock.now()
    await resolve(api, MAIL, attributes={"tier": None})

    async def at(moment: str) -> dict[str, Any]:
        read = await origins(api, made["customer_id"], at=moment)
        return {name: origin["value"] for name, origin in read.items()}

    assert await at("2026-01-01T00:00:00Z") == {}
    assert await at(known_first.isoformat()) == {"tier": "silver"}
    assert await at(known_second.isoformat()) == {"tier": "gold", "city": "Lund"}
    assert await at(clock.now().isoformat()) == {"tier": None, "city": "Lund"}


async def test_a_confirmed_value_outlives_an_older_one_that_comes_late(service, api):
    at = "2026-03-01T{}:00:00.000000Z".format
    made = await resolve(api, MAIL, attributes={"tier": "gold"}, observed_at=at(10))
    await resolve(api, MAIL, attributes={"tier": "gold"}, observed_at=at(12))
    await resolve(api, MAIL, attributes={"tier": "silver"}, observed_at=at(11))
    assert await attributes(api, made["customer_id"]) == {"tier": "gold"}
    items = await history(api, made["customer_id"], "tier")
    assert states(items) == [("gold", "current"), ("silver", "overridden"), ("gold", "overridden")]
    assert [item["observed_at"] for item in items] == [at(12), at(11), at(10)]
    now = service.clock.now().isoformat()
    assert (await origins(api, made["customer_id"], at=now))["tier"]["value"] == "gold"


async def test_history_comes_in_pages_and_joins_merged_customers(service, api):
    made = await resolve(api, MAIL, attributes={"tier": 0})
    for number in range(1, 5):
        await resolve(api, MAIL, attributes={"tier": number})
    other = await resolve(
        api, PHONE, attributes={"tier": "old"}, observed_at="2026-01-01T00:00:00Z"
    )
    ids = {"source_id": other["customer_id"], "target_id": made["customer_id"]}
    assert (await api.post("/v1/merges", json=ids)).status_code == 200
    path = f"/v1/customers/{other['customer_id']}/attributes/tier"
    values, cursor = [], None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await api.get(path, params=query)).json()
        assert page["customer_id"] == made["customer_id"]
        values += [item["value"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert values == [4, 3, 2, 1, 0, "old"]


async def test_a_message_that_repeats_what_does_not_count_is_kept_once(service, actor, api):
    made = await resolve(api, MAIL, CLAIM, attributes={"name": "Anna Lindqvist"})
    for _ in range(5):
        await resolve(api, CHANNEL, attributes={"name": "A. L."}, source="whatsapp")
        await resolve(api, CLAIM, attributes={"name": "Mallory"})
    assert await attributes(api, made["customer_id"]) == {"name": "Anna Lindqvist"}
    assert len(await history(api, made["customer_id"], "name")) == 3
    await resolve(api, CHANNEL, attributes={"name": "Anna L."}, source="whatsapp")
    assert len(await history(api, made["customer_id"], "name")) == 4


async def test_repeating_a_call_with_its_time_changes_nothing(service, actor, api):
    observed = {"attributes": {"tier": "gold"}, "observed_at": "2026-03-01T00:00:00Z"}
    made = await resolve(api, MAIL, **observed)
    before = await history(api, made["customer_id"], "tier")
    again = await resolve(api, MAIL, **observed)
    assert again["version"] == made["version"]
    assert len(await history(api, made["customer_id"], "tier")) == len(before)
    assert len(await actor.events()) == 1


async def test_the_event_says_where_the_change_comes_from(actor, api):
    await resolve(api, MAIL, attributes={"tier": "gold", "city": "Lund"}, source="webshop")
    await resolve(api, MAIL, attributes={"tier": None}, source="crm")
    (event,) = await actor.events("customer.updated")
    assert event["data"]["changed"] == ["tier"]
    assert event["data"]["attributes"] == {"city": "Lund"}
    (origin,) = event["data"]["provenance"].values()
    assert (origin["source"], origin["level"]) == ("crm", "verified")


async def test_priorities_of_sources_are_those_of_the_tenant(fresh_dsn):
    rules = RuleSettings(source_priorities={"demo": {"crm": 10}})
    async with running(fresh_dsn("identity"), rules=rules) as service:
        for tenant, shown in (("demo", "of the crm"), ("other", "of the shop")):
            async with client(service, tenant=tenant) as api:
                made = await resolve(api, CHANNEL, attributes={"tier": "of the crm"}, source="crm")
                await resolve(api, MAIL, attributes={"tier": "of the shop"}, source="shop")
                assert await attributes(api, made["customer_id"]) == {"tier": shown}


async def test_a_merge_lets_a_newer_clear_win_and_its_preview_says_so(service, api):
    one = await resolve(api, MAIL, attributes={"tier": "gold", "city": "Lund"})
    two = await resolve(api, PHONE | {"level": "verified"}, attributes={"tier": None})
    ids = {"source_id": one["customer_id"], "target_id": two["customer_id"]}
    preview = (await api.post("/v1/merges", json=ids | {"dry_run": True})).json()["preview"]
    assert preview["attributes"] == {"city": "Lund"}
    assert preview["cleared"] == ["tier"]
    assert preview["overridden"] == [
        {"customer_id": one["customer_id"], "name": "tier", "value": "gold"}
    ]
    await api.post("/v1/merges", json=ids)
    assert await attributes(api, one["customer_id"]) == {"city": "Lund"}


async def test_values_are_masked_without_pii_read(service, api):
    made = await resolve(api, MAIL, attributes={"name": "Anna", "tier": "gold"})
    await resolve(api, MAIL, attributes={"name": None})
    path = f"/v1/customers/{made['customer_id']}/attributes"
    async with client(service, scopes=("context:read",)) as masked:
        shown = await masked.get(path)
        told = await masked.get(f"{path}/name")
    assert {each["name"]: each["value"] for each in shown.json()["attributes"]} == {
        "name": None,
        "tier": "gold",
    }
    assert [item["value"] for item in told.json()["items"]] == [None, "A***"]


async def test_strangers_and_other_tenants_find_nothing(service, api):
    made = await resolve(api, MAIL, attributes={"name": "Anna"})
    path = f"/v1/customers/{made['customer_id']}/attributes"
    async with client(service, tenant="other") as there:
        assert (await there.get(path)).status_code == 404
        assert (await there.get(f"{path}/name")).status_code == 404
        assert (await there.get(path, params={"at": "2030-01-01T00:00:00Z"})).status_code == 404
    assert (await api.get(f"{path}/no name")).status_code == 404
