"""Customers are found by names however they are typed, and by identifiers in any spelling."""

from typing import Any

import httpx
import pytest

from services.identity.tests.harness import client
from services.identity.tests.integration.api_requests import pointers, resolve

PEOPLE = {
    "anna": {"name": "Anna Lindqvist", "tier": "gold"},
    "anders": {"first_name": "Anders", "last_name": "Lindqvist"},
    "obrien": {"name": "Seán O\u2019Brien"},
    "muller": {"full_name": "Jürgen Müller-Lüdenscheidt"},
    "ivanova": {"name": "Анна Иванова"},
    "nobody": {"tier": "gold"},
}


@pytest.fixture
async def people(api: httpx.AsyncClient) -> dict[str, str]:
    """Create ``PEOPLE``; return their names here by id."""
    made = {}
    for key, attributes in PEOPLE.items():
        mail = {"type": "email", "value": f"{key}@nordlys.se", "level": "channel_proved"}
        made[(await resolve(api, mail, attributes=attributes))["customer_id"]] = key
    return made


async def search(api: httpx.AsyncClient, **criteria: Any) -> dict[str, Any]:
    response = await api.post("/v1/customers/search", json=criteria)
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("Anna Lindqvist", "anna"),
        ("lindqvist, ANNA", "anna"),
        ("Lindkvist Anna", "anna"),
        ("Ana Lindqist", "anna"),
        ("anders lindqvist", "anders"),
        ("o'brien", "obrien"),
        ("OBrien", "obrien"),
        ("Sean O`Brien", "obrien"),
        ("muller", "muller"),
        ("Mueller Ludenscheidt", "muller"),
        ("juergen mueller", "muller"),
        ("иванова", "ivanova"),
        ("анна Иванов", "ivanova"),
    ],
)
async def test_similar_names_are_found_the_most_similar_first(api, people, name, first):
    found = (await search(api, name=name))["items"]
    assert found, name
    assert people[found[0]["customer_id"]] == first


async def test_a_part_of_a_name_finds_everybody_who_has_it(api, people):
    found = (await search(api, name="Lindqvist"))["items"]
    assert {people[each["customer_id"]] for each in found} == {"anna", "anders"}
    assert (await search(api, name="Wolfeschlegelstein"))["items"] == []


@pytest.mark.parametrize(
    ("prefix", "keys"),
    [
        ("an", ["anders", "anna"]),
        ("ANNA l", ["anna"]),
        ("Jürg", ["muller"]),
        ("jurgen muller lud", ["muller"]),
        ("Sea", ["obrien"]),
        ("Ан", ["ivanova"]),
        ("Lind", []),
    ],
)
async def test_prefixes_are_of_the_whole_name_and_in_order(api, people, prefix, keys):
    found = (await search(api, name_prefix=prefix))["items"]
    assert [people[each["customer_id"]] for each in found] == keys


@pytest.mark.parametrize(
    "identifier",
    [
        {"type": "email", "value": "Anna <ANNA@Nordlys.SE>"},
        {"type": "email", "value": "anna@nordlys.se", "scope": "ignored"},
        {"type": "phone", "value": "070-174 06 05", "default_region": "SE"},
        {"type": "whatsapp", "value": "46701740605"},
        {"type": "external_id", "value": "C-1", "scope": "shop", "level": "verified"},
    ],
)
async def test_an_identifier_finds_its_customer_in_any_spelling(api, people, identifier):
    await resolve(
        api,
        {"type": "email", "value": "anna@nordlys.se", "level": "channel_proved"},
        {"type": "phone", "value": "+46701740605", "level": "channel_proved"},
        {"type": "external_id", "value": "C-1", "scope": "shop", "level": "channel_proved"},
    )
    (found,) = (await search(api, identifier=identifier))["items"]
    assert people[found["customer_id"]] == "anna"


@pytest.mark.parametrize(
    ("identifier", "missing"),
    [
        ({"type": "external_id", "value": "C-1"}, ["/identifier/scope"]),
        ({"type": "phone", "value": "070-174 06 05"}, ["/identifier/default_region"]),
    ],
)
async def test_an_incomplete_identifier_is_refused(api, people, identifier, missing):
    response = await api.post("/v1/customers/search", json={"identifier": identifier})
    assert (response.status_code, pointers(response)) == (422, missing)


@pytest.mark.parametrize("name", ["\N{COOKIE}", "a", "-- '"])
async def test_a_name_without_two_letters_is_refused_as_too_short(api, people, name):
    for criterion in ("name", "name_prefix"):
        response = await api.post("/v1/customers/search", json={criterion: name})
        assert (response.status_code, pointers(response)) == (422, [f"/{criterion}"])
        assert response.json()["detail"] == "the name is too short to search for"


async def test_what_stands_for_nobody_finds_nobody(api, people):
    for value in ("n/a", "someone@else.test"):
        found = await search(api, identifier={"type": "email", "value": value})
        assert found == {"items": [], "next": None}


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, []),
        ({"name": "a b", "name_prefix": "ab"}, ["/name", "/name_prefix"]),
        ({"name": "-- '"}, ["/name"]),
        ({"name_prefix": "a"}, ["/name_prefix"]),
        ({"name": "x" * 201}, ["/name"]),
        ({"name": "ab", "limit": 0}, ["/limit"]),
        ({"name": "ab", "q": 1}, ["/q"]),
        ({"name": "ab", "cursor": "a b"}, ["/cursor"]),
    ],
)
async def test_searches_without_meaning_are_refused(api, body, wrong):
    response = await api.post("/v1/customers/search", json=body)
    assert response.status_code == 422
    assert [error["pointer"] for error in response.json().get("errors", [])] == wrong


@pytest.mark.parametrize("criterion", ["name", "name_prefix"])
async def test_pages_have_everybody_once(api, criterion):
    for number in range(7):
        mail = {"type": "email", "value": f"u{number}@nordlys.se"}
        await resolve(api, mail, attributes={"name": f"Karin Berg {number % 3}"})
    seen, cursor = [], None
    while True:
        body = {criterion: "karin berg", "limit": 3} | ({"cursor": cursor} if cursor else {})
        page = await search(api, **body)
        seen += [each["customer_id"] for each in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 7
    forged = await api.post(
        "/v1/customers/search", json={criterion: "karin", "cursor": "AAAA", "limit": 3}
    )
    assert forged.status_code == 400


async def test_the_index_follows_names_clears_and_merges(service, api):
    mail = {"type": "email", "value": "m@nordlys.se", "level": "verified"}
    phone = {"type": "phone", "value": "+46701740605", "level": "channel_proved"}
    made = await resolve(api, mail, attributes={"name": "Maria Svensson"})
    await resolve(api, mail, attributes={"name": "Maria Karlsson"})
    assert (await search(api, name="Svensson"))["items"] == []
    other = await resolve(api, phone, attributes={"name": "Marie Svensson"})
    ids = {"source_id": other["customer_id"], "target_id": made["customer_id"]}
    await api.post("/v1/merges", json=ids)
    assert (await search(api, name="Svensson"))["items"] == []
    (found,) = (await search(api, name="Karlsson"))["items"]
    assert found["merged_ids"] == [other["customer_id"]]
    await resolve(api, mail, attributes={"name": None})
    assert (await search(api, name="Karlsson"))["items"] == []


async def test_other_tenants_are_not_found(service, api, people):
    async with client(service, tenant="other") as there:
        assert (await search(there, name="Anna Lindqvist"))["items"] == []
        assert (await search(there, name_prefix="anna"))["items"] == []
        anna = {"type": "email", "value": "anna@nordlys.se"}
        assert (await search(there, identifier=anna))["items"] == []


async def test_names_need_pii_read_and_identifiers_are_answered_masked(service, api, people):
    async with client(service, scopes=("context:read",)) as masked:
        for criterion in ("name", "name_prefix"):
            refused = await masked.post("/v1/customers/search", json={criterion: "anna"})
            assert refused.status_code == 403
        anna = {"type": "email", "value": "anna@nordlys.se"}
        (found,) = (await search(masked, identifier=anna))["items"]
    assert found["attributes"] == {"name": "A***", "tier": "gold"}
    assert found["identifiers"][0]["value"] == "a***@***"
    async with client(service, scopes=("identity:write",)) as unscoped:
        assert (await unscoped.post("/v1/customers/search", json={"name": "a"})).status_code == 403
