from typing import Any

import httpx
import pytest

from services.identity.tests.harness import client
from services.identity.tests.integration.api_requests import pointers, resolve


def mail(number: int) -> dict[str, str]:
    return {"type": "email", "value": f"u{number}@nordlys.se", "level": "channel_proved"}


@pytest.fixture
async def made(service, api: httpx.AsyncClient) -> list[str]:
    """Create seven customers, and return their ids."""
    ids = []
    for number in range(7):
        tier = "gold" if number % 3 == 0 else "silver"
        ids.append((await resolve(api, mail(number), attributes={"tier": tier}))["customer_id"])
    return ids


async def listed(api: httpx.AsyncClient, **query: object) -> list[str]:
    """Return the ids of all pages."""
    ids: list[str] = []
    params: dict[str, Any] = {"limit": 2, **query}
    while True:
        response = await api.get("/v1/customers", params=params)
        assert response.status_code == 200, response.text
        ids += [item["customer_id"] for item in response.json()["items"]]
        params["cursor"] = response.json()["next"]
        if params["cursor"] is None:
            return ids


async def test_all_customers_come_once_the_newest_first(api, made):
    ids = await listed(api)
    assert ids == made[::-1]


async def test_filters_by_tier_and_time_of_creation(service, api, made):
    assert await listed(api, tier="gold") == [made[6], made[3], made[0]]
    assert await listed(api, tier="copper") == []
    third = (await api.get(f"/v1/customers/{made[2]}")).json()["created_at"]
    assert await listed(api, created_from=third, tier="silver") == [
        made[5],
        made[4],
        made[2],
    ]
    assert await listed(api, created_before=third) == [made[1], made[0]]


async def test_the_tier_is_that_which_counts(service, api, made):
    await resolve(api, mail(0), attributes={"tier": None})
    await resolve(api, mail(1), attributes={"tier": "gold"})
    assert await listed(api, tier="gold") == [made[6], made[3], made[1]]


async def test_an_absorbed_customer_is_not_listed(api, made):
    await api.post("/v1/merges", json={"source_id": made[3], "target_id": made[0]})
    assert made[3] not in await listed(api)
    assert await listed(api, tier="gold") == [made[6], made[0]]


async def test_a_cursor_belongs_to_its_filters_and_its_tenant(service, api, made):
    first = (await api.get("/v1/customers", params={"limit": 1})).json()
    query = {"limit": 1, "cursor": first["next"]}
    assert (await api.get("/v1/customers", params=query | {"tier": "gold"})).status_code == 400
    async with client(service, tenant="other") as there:
        assert await listed(there) == []
        assert (await there.get("/v1/customers", params=query)).status_code == 400


async def test_personal_data_is_masked_and_not_a_filter(service, api, made):
    await resolve(api, mail(0), attributes={"name": "Anna"})
    async with client(service, scopes=("context:read",)) as masked:
        response = await masked.get("/v1/customers")
        assert "nordlys" not in response.text
        assert "Anna" not in response.text
    refused = await api.get("/v1/customers", params={"email": "a"})
    assert (refused.status_code, pointers(refused)) == (422, ["/query/email"])
