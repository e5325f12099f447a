"""Neither a repetition nor a backfill brings an erased person back; signing up again does."""

from datetime import timedelta
from typing import Any

import pytest

from common.messaging import rfc3339
from devstack.testing.observation.searching import tables_with
from services.identity.tests.harness import client
from services.identity.tests.integration.api_requests import MAIL, PHONE, resolve

SPELLINGS = [
    MAIL,
    {"type": "email", "value": "ANNA@nordlys.se", "level": "channel_proved"},
    {"type": "email", "value": "Anna <anna@nordlys.se>"},
    PHONE,
    {"type": "whatsapp", "value": "+46701740605"},
]


async def erase_anna(api: Any) -> str:
    met = await resolve(api, MAIL, PHONE, attributes={"name": "Anna Lindqvist"})
    body = {"customer_id": met["customer_id"], "reason": "request"}
    assert (await api.post("/v1/erasures", json=body)).status_code == 202
    return str(met["customer_id"])


@pytest.mark.parametrize("identifier", SPELLINGS, ids=str)
@pytest.mark.parametrize("create", [True, False])
async def test_a_repetition_finds_nobody_and_creates_nobody(api, actor, identifier, create):
    await erase_anna(api)
    again = await resolve(api, identifier, attributes={"name": "Anna Lindqvist"}, create=create)
    assert (again["customer_id"], again["reason"], again["created"]) == (None, "erased", False)
    assert [d["reason"] for d in again["dropped"]] == ["erased"]
    assert again["dropped"][0]["identifier"]["value"] == "[withheld]"
    assert await actor.rows("SELECT 1 FROM customer") == []


@pytest.mark.parametrize("identifier", [MAIL, PHONE], ids=str)
async def test_who_gives_a_name_and_a_birth_date_stays_erased(service, api, sweep, identifier):
    said = {"name": "Anna Lindqvist", "birth_date": "1960-01-01"}
    proved = [{**each, "level": "channel_proved"} for each in (MAIL, PHONE)]
    met = await resolve(api, *proved, attributes=said)
    body = {"customer_id": met["customer_id"], "reason": "request"}
    assert (await api.post("/v1/erasures", json=body)).status_code == 202
    await sweep()
    again = await resolve(api, {**identifier, "level": "channel_proved"}, attributes=said)
    assert (again["customer_id"], again["reason"]) == (None, "erased")
    assert await tables_with(service.database, ["Lindqvist", "lindqvist", "1960-01-01"]) == {}


async def test_a_repetition_leaves_no_trace(service, api, sweep):
    await erase_anna(api)
    await sweep()
    for place, identifier in enumerate(SPELLINGS):
        body = {"identifiers": [identifier], "attributes": {"name": "Anna Lindqvist"}}
        keyed = {"Idempotency-Key": f"again-{place}"}
        await api.post("/v1/identities/resolve", json=body, headers=keyed)
        await api.post("/v1/identities/resolve/batch", json={"items": [body]}, headers=keyed)
    personal = ["anna@nordlys.se", "701740605", "70 174 06 05", "Anna Lindqvist"]
    assert await tables_with(service.database, personal) == {}


async def test_a_verified_observation_of_before_is_a_repetition(service, api):
    before = rfc3339(service.clock.now() - timedelta(hours=1))
    await erase_anna(api)
    again = await resolve(api, MAIL, observed_at=before)
    assert (again["customer_id"], again["reason"]) == (None, "erased")


async def test_a_verified_identifier_observed_after_the_erasure_signs_up_again(service, api):
    old_id = await erase_anna(api)
    after = rfc3339(service.clock.now())
    back = await resolve(api, MAIL, PHONE, observed_at=after)
    assert back["created"]
    assert back["customer_id"] != old_id
    assert len(back["linked"]) == 2
    later = await resolve(api, PHONE)
    assert later["customer_id"] == back["customer_id"]


async def test_a_claim_after_the_erasure_does_not_sign_up_again(service, api):
    await erase_anna(api)
    after = rfc3339(service.clock.now() + timedelta(seconds=1))
    again = await resolve(api, MAIL | {"level": "claimed"}, PHONE, observed_at=after)
    assert (again["customer_id"], again["reason"]) == (None, "erased")


async def test_a_privileged_call_accepts_the_person_again(api):
    await erase_anna(api)
    body = {"identifiers": [{"type": "email", "value": "anna@Nordlys.se"}]}
    answers = [(await api.post("/v1/sign-ups", json=body)).json() for _ in range(2)]
    assert [answer["lifted"] for answer in answers] == [1, 0]
    assert (await resolve(api, MAIL))["created"]
    assert (await resolve(api, PHONE))["reason"] == "erased"


async def test_somebody_else_is_not_denied_with_the_person(api):
    await erase_anna(api)
    other = await resolve(api, {"type": "email", "value": "bo@nordlys.se"}, PHONE)
    assert other["created"]
    assert [identifier["type"] for identifier in other["linked"]] == ["email"]
    assert [dropped["reason"] for dropped in other["dropped"]] == ["erased"]


async def test_a_person_who_came_back_can_be_erased_again(api):
    await erase_anna(api)
    body = {"identifiers": [MAIL | {"level": None}, {"type": "phone", "value": PHONE["value"]}]}
    await api.post("/v1/sign-ups", json=body)
    await erase_anna(api)
    assert (await resolve(api, MAIL))["reason"] == "erased"


async def test_other_tenants_are_not_concerned(service, api):
    await erase_anna(api)
    async with client(service, tenant="other") as other:
        assert (await resolve(other, MAIL))["created"]
