"""``/v1/identities/types``: a tenant registers types of its own, and resolves by them."""

import asyncio
from dataclasses import replace

import pytest

from identity.customers.domain.identifiers import PresentedIdentifier
from identity.resolution.usecases.resolve_identities import (
    ResolveIdentities,
    prepare_requests,
    resolve_identities,
)
from services.identity.tests.harness import DENY_KEYS, client
from services.identity.tests.integration.api_requests import pointers, resolve

PATH = "/v1/identities/types"
BADGE = {
    "name": "Badge",
    "comparison": "folded",
    "scope": "ignored",
    "category": "own_number",
}


def badge(value, **more):
    return {"type": "badge", "value": value, "level": "verified", **more}


async def register(api, **changes):
    response = await api.put(f"{PATH}/badge", json=BADGE | changes)
    assert response.status_code == 200, response.text
    return response


async def test_a_registered_type_is_shown_with_its_version(api):
    saved = await register(api)
    shown = saved.json()
    assert shown.pop("registered_at")
    assert shown == {"type": "badge", "version": 1, **BADGE}
    read = await api.get(f"{PATH}/badge")
    assert read.json() == saved.json()
    assert (await api.get(PATH)).json() == {"items": [saved.json()]}
    same = await api.get(f"{PATH}/badge", headers={"If-None-Match": read.headers["ETag"]})
    assert same.status_code == 304


async def test_a_change_makes_a_version_and_the_same_again_does_not(api):
    first = await register(api)
    assert (await register(api)).json() == first.json()
    changed = await register(api, name="Visitor's badge")
    assert (changed.json()["version"], changed.json()["name"]) == (2, "Visitor's badge")
    stale = await api.put(f"{PATH}/badge", json=BADGE, headers={"If-Match": first.headers["ETag"]})
    assert stale.status_code == 412
    none = await api.put(f"{PATH}/card", json=BADGE, headers={"If-Match": '"1"'})
    assert none.status_code == 412


async def test_values_are_read_by_the_rules_of_their_type(api):
    await register(api)
    first = await resolve(api, badge("AB-1"))
    again = await resolve(api, badge(" ab-1", scope="gate"))
    assert first["linked"][0]["value"] == "ab-1"
    assert again["customer_id"] == first["customer_id"]


async def test_a_scope_that_is_required_and_missing_is_reported(api):
    await register(api, comparison="exact", scope="required")
    missing = await resolve(api, badge("AB-1"))
    assert [d["reason"] for d in missing["dropped"]] == ["scope_missing"]
    by_source = await resolve(api, badge("AB-1"), source="gate")
    by_scope = await resolve(api, badge("AB-1", scope="gate"))
    other = await resolve(api, badge("AB-1", scope="dock"))
    assert by_source["customer_id"] == by_scope["customer_id"] != other["customer_id"]


async def test_types_are_the_tenants_own(api, service):
    await register(api)
    async with client(service, tenant="other") as other:
        assert (await other.get(f"{PATH}/badge")).status_code == 404
        assert (await other.get(PATH)).json() == {"items": []}
        upper, lower = [await resolve(other, badge(value)) for value in ("AB-1", "ab-1")]
    assert upper["customer_id"] != lower["customer_id"]


@pytest.mark.parametrize("name", ["email", "cookie", "sms", "whatsapp_user_id", "named_person"])
async def test_a_built_in_type_keeps_its_rules(api, name):
    response = await api.put(f"{PATH}/{name}", json=BADGE)
    assert response.status_code == 409


@pytest.mark.parametrize("name", ["Badge", "1badge", "b" * 33, "a-b"])
async def test_a_name_that_no_identifier_can_have_is_refused(api, name):
    assert (await api.put(f"{PATH}/{name}", json=BADGE)).status_code == 404


@pytest.mark.parametrize(
    ("field", "value"),
    [("comparison", "loose"), ("scope", "maybe"), ("category", "x"), ("name", " ")],
)
async def test_an_invalid_field_is_named(api, field, value):
    response = await api.put(f"{PATH}/badge", json=BADGE | {field: value})
    assert response.status_code == 422
    assert pointers(response) == [f"/{field}"]


async def test_how_stored_values_are_compared_does_not_change(api):
    """Their keys say so: ``AB-1`` and ``ab-1`` are two customers, and stay two."""
    exact = {"comparison": "exact", "scope": "optional", "category": "contact_point"}
    await resolve(api, badge("AB-1"))
    refused = await api.put(f"{PATH}/badge", json=BADGE)
    assert refused.status_code == 409
    await register(api, **exact)
    refused = await api.put(f"{PATH}/badge", json=BADGE | exact | {"comparison": "folded"})
    assert refused.status_code == 409
    refused = await api.put(f"{PATH}/badge", json=BADGE | exact | {"category": "own_number"})
    assert refused.status_code == 409
    renamed = await register(api, **exact, name="Visitor's badge")
    assert renamed.json()["version"] == 2


async def test_a_request_prepared_by_rules_of_before_is_prepared_again(actor, api):
    """Its key would be one that nobody finds by the new rules."""
    await register(api)
    [resolution] = await resolve_by(actor, actor.rules, "AB-1")
    [row] = await actor.rows("SELECT value FROM identifier")
    assert row.value == "ab-1"
    assert [dropped.reason for dropped in resolution.dropped] == []


async def resolve_by(actor, rules, value):
    request = replace(actor.request(PresentedIdentifier("badge", value)), rules=rules)
    prepared = await prepare_requests([request], now=actor.clock.now())
    command = ResolveIdentities(actor.tenant, prepared, rules, DENY_KEYS)
    return await actor.database.run(resolve_identities, command, now=actor.clock.now())


async def test_registering_waits_for_those_who_write_by_the_rules_of_before(api):
    """Whichever comes first, one rule holds for all that is stored."""
    answers = await asyncio.gather(
        *(resolve(api, badge(f"AB-{n}")) for n in range(10)),
        api.put(f"{PATH}/badge", json=BADGE),
        *(resolve(api, badge(f"ab-{n}")) for n in range(10)),
    )
    registered = answers[10]
    assert registered.status_code in {200, 409}
    apart = 10 if registered.status_code == 200 else 20
    for n in range(10):
        await resolve(api, badge(f"AB-{n}"))
        await resolve(api, badge(f"ab-{n}"))
    customers = {
        (await resolve(api, badge(f"{prefix}-{n}")))["customer_id"]
        for prefix in ("AB", "ab")
        for n in range(10)
    }
    assert len(customers) == apart
