"""Looking a customer up by an identifier, over HTTP."""

import asyncio

import pytest

from services.interactions.tests.context_rows import a_customer, merged, project_customers


async def test_a_lookup_finds_any_spelling(api):
    customer = await a_customer(api)
    for kind, value, region in (
        ("phone", "+44 (0)20 7946 0018", None),
        ("phone", "020 7946 0018", "GB"),
        ("phone", "(020) 7946-0018", "gb"),
        ("whatsapp", "442079460018@s.whatsapp.net", None),
    ):
        spelling = {"type": kind, "value": value, "default_region": region}
        answer = await api.lookup({"identifier": spelling})
        assert answer.status_code == 200
        assert answer.json()["customer_id"] == str(customer)
    assert api.identity.calls == []


async def test_a_lookup_of_an_absorbed_customers_identifier_finds_the_survivor(api):
    one = await a_customer(api)
    two = await a_customer(api, identifiers=[])
    await project_customers(api, merged(two, [one], sequence=2))
    answer = await api.lookup(
        {"identifier": {"type": "phone", "value": "+442079460018"}, "include": ["customer"]}
    )
    assert answer.json()["customer_id"] == str(two)
    assert set(answer.json()["parts"]) == {"customer"}


async def test_identity_is_asked_about_an_identifier_never_seen_here(api):
    email = {"type": "email", "value": "anna@example.test"}
    assert (await api.lookup({"identifier": email})).status_code == 404
    assert api.identity.lookups == [email | {"scope": None}]
    customer = api.identity.customer("anna@example.test", type_="email")
    answer = await api.lookup({"identifier": email})
    assert answer.status_code == 200
    assert answer.json()["customer_id"] == str(customer)
    assert answer.json()["parts"]["customer"]["complete"] is False


async def test_while_identity_is_down_an_unknown_identifier_is_503_and_a_known_one_200(api):
    await a_customer(api)
    api.identity.away = True
    unknown = await api.lookup({"identifier": {"type": "email", "value": "anna@example.test"}})
    known = await api.lookup({"identifier": {"type": "phone", "value": "+442079460018"}})
    assert (unknown.status_code, known.status_code) == (503, 200)


async def test_a_lookup_gives_up_on_a_slow_identity_within_a_second(api):
    api.identity.slow_seconds = 30.0
    began = asyncio.get_running_loop().time()
    answer = await api.lookup({"identifier": {"type": "email", "value": "anna@example.test"}})
    assert answer.status_code == 503
    assert asyncio.get_running_loop().time() - began < 1


async def test_an_identifier_of_another_tenant_is_unknown(api):
    await a_customer(api)
    body = {"identifier": {"type": "phone", "value": "+442079460018"}}
    assert (await api.lookup(body, who="other")).status_code == 404


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/identifier"),
        ({"identifier": {"type": "phone"}}, "/identifier/value"),
        ({"identifier": {"type": "phone", "value": "+44"}, "include": ["x"]}, "/include"),
        ({"identifier": {"type": "phone", "value": "+44"}, "tenant_id": "x"}, "/tenant_id"),
    ],
)
async def test_a_bad_lookup_names_the_field(api, body, pointer):
    answer = await api.lookup(body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer
