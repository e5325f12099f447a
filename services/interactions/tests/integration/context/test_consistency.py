"""Whoever has just merged customers reads the merged one."""

import asyncio
from uuid import UUID

import pytest

from common.ids import new_id
from common.web.requests import ConsistencyToken
from services.interactions.tests.context_rows import created, merged, project_customers
from services.interactions.tests.factories import a_body


def headers(customer, version):
    return {"Threadline-Consistency": ConsistencyToken(customer, version).encode()}


@pytest.fixture
async def pair(api):
    one, two = new_id(), new_id()
    await project_customers(api, created(one), created(two))
    return one, two


async def merge_soon(api, one, two):
    await asyncio.sleep(0.1)
    await project_customers(api, merged(two, [one], sequence=2))


@pytest.mark.parametrize("path", ["/v1/context/{}", "/v1/context/{}/timeline"])
async def test_a_read_with_the_token_waits_for_the_merge(api, pair, path):
    one, two = pair
    read = api.get(path.format(one), headers=headers(two, 2))
    answer, _ = await asyncio.gather(read, merge_soon(api, one, two))
    assert answer.status_code == 200
    if "timeline" not in path:
        assert answer.json()["customer_id"] == str(two)
        assert answer.json()["customer"]["merged_ids"] == [str(one)]


@pytest.mark.parametrize("batch", [True, False])
async def test_an_interaction_with_the_token_is_the_merged_customers(api, pair, batch):
    one, two = pair
    api.identity.away = True
    body = a_body(customer_id=str(one), identifiers=[])
    path = "/v1/interactions" + "/batch" * batch
    writing = api.post(path, {"items": [body]} if batch else body, headers=headers(two, 2))
    answer, _ = await asyncio.gather(writing, merge_soon(api, one, two))
    shown = answer.json()["items"][0] if batch else answer.json()
    assert shown["customer_id"] == str(two)


async def test_a_copy_that_does_not_catch_up_in_time_says_so(api, pair):
    one, two = pair
    answer = await api.get(f"/v1/context/{one}", headers=headers(two, 9))
    parts = answer.json()["parts"]
    assert not parts["customer"]["complete"]
    assert "not arrived yet" in parts["customer"]["reason"]
    assert parts["interactions"]["complete"]


@pytest.mark.parametrize("token", ["", "x", "a" * 31, "a" * 33, "ä" * 32, "=" * 32, "*" * 32])
async def test_what_is_no_token_is_refused(api, pair, token):
    path = f"/v1/context/{pair[0]}"
    answer = await api.get(path, headers={"Threadline-Consistency": token.encode("latin-1")})
    assert answer.status_code == 400
    assert "Threadline-Consistency" in answer.json()["detail"]


def test_a_token_is_what_it_was_made_of():
    token = ConsistencyToken(UUID(int=2**127 + 5), 2**40)
    assert ConsistencyToken.decode(token.encode()) == token


async def test_the_id_of_a_customer_merged_a_moment_ago_answers_the_canonical_one(api):
    """Our copy has not heard of the merge; identity has."""
    one = api.identity.customer("+442079460018")
    two = api.identity.customer("+442079460583")
    await project_customers(api, created(one), created(two))
    api.identity.merged[one] = two
    answer = await api.post("/v1/interactions", a_body(customer_id=str(one), identifiers=[]))
    assert answer.json()["customer_id"] == str(two)


async def test_while_identity_is_away_a_customer_id_is_what_our_copy_says(api, pair):
    one, two = pair
    api.identity.away = True
    await project_customers(api, merged(two, [one], sequence=2))
    answer = await api.post("/v1/interactions", a_body(customer_id=str(one), identifiers=[]))
    assert (answer.status_code, answer.json()["customer_id"]) == (201, str(two))
