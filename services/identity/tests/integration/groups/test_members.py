"""Members of groups: saved, ended, removed, and followed through merges."""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from common.db import Transaction
from services.identity.tests.harness import Actor, client, running
from services.identity.tests.integration.api_requests import MAIL, PHONE, pointers, resolve
from services.identity.tests.integration.groups.test_groups_api import account, household, save

PERIOD = {"valid_from": "2024-01-01T00:00:00Z", "valid_until": "2026-01-01T00:00:00Z"}


async def add(api, group: Mapping[str, Any], customer_id: str, **membership: Any) -> dict[str, Any]:
    path = f"/v1/groups/{group['group_id']}/members/{customer_id}"
    response = await api.put(path, json=membership)
    assert response.status_code == 200, response.text
    saved: dict[str, Any] = response.json()
    return saved


async def members_of(api, group: Mapping[str, Any], **query: Any) -> list[dict[str, Any]]:
    response = await api.get(f"/v1/groups/{group['group_id']}/members", params=query)
    items: list[dict[str, Any]] = response.json()["items"]
    return items


async def groups_of(api, customer_id: str, **query: Any) -> list[dict[str, Any]]:
    response = await api.get(f"/v1/customers/{customer_id}/groups", params=query)
    items: list[dict[str, Any]] = response.json()["items"]
    return items


async def merge(api, source_id: str, target_id: str) -> None:
    body = {"source_id": source_id, "target_id": target_id}
    assert (await api.post("/v1/merges", json=body)).json()["changed"]


async def lead_to_itself(tx: Transaction, customer_id: UUID) -> None:
    """Make an absorbed id canonical again, which is all of an undone merge that groups see."""
    undone = "UPDATE customer_alias SET canonical_id = origin_id WHERE origin_id = :id"
    await tx.execute(text(undone), {"id": customer_id})


async def test_a_member_has_a_role_a_period_and_a_source(service, api):
    group, anna = await save(api, household()), (await resolve(api, MAIL))["customer_id"]
    saved = await add(api, group, anna, role="parent", source="crm", **PERIOD)
    assert saved == {
        "group_id": group["group_id"],
        "customer_id": anna,
        "added_as": anna,
        "role": "parent",
        "valid_from": "2024-01-01T00:00:00.000000Z",
        "valid_until": "2026-01-01T00:00:00.000000Z",
        "source": "crm",
    }
    assert await members_of(api, group) == [saved]
    (shown,) = await groups_of(api, anna)
    assert (shown["group_id"], shown["kind"], shown["name"], shown["role"]) == (
        group["group_id"], "household", "Lindqvist", "parent",
    )  # fmt: skip
    (event,) = await Actor(service).events("group.member_added")
    assert (event["sequence"], event["data"]["customer_id"]) == (2, anna)
    read = (await api.get(f"/v1/groups/{group['group_id']}")).json()
    assert (read["members"], read["version"]) == (1, 2)


async def test_saving_a_member_again_changes_its_period_or_nothing(service, api):
    group, anna = await save(api, household()), (await resolve(api, MAIL))["customer_id"]
    await add(api, group, anna)
    await add(api, group, anna)
    ended = await add(api, group, anna, **PERIOD)
    assert await members_of(api, group) == [ended]
    sequences = [e["sequence"] for e in await Actor(service).events("group.member_added")]
    assert sequences == [2, 3]
    assert (await api.get(f"/v1/groups/{group['group_id']}")).json()["members"] == 1


async def test_members_are_listed_as_of_a_time(api):
    group, anna = await save(api, household()), (await resolve(api, MAIL))["customer_id"]
    then = await add(api, group, anna, role="tenant", **PERIOD)
    always = await add(api, group, anna, role="payer")
    assert await members_of(api, group, at="2025-01-01T00:00:00Z") == [always, then]
    assert await members_of(api, group, at="2026-01-01T00:00:00Z") == [always]
    assert await members_of(api, group) == [always, then]
    roles = [shown["role"] for shown in await groups_of(api, anna, at="2023-12-31T00:00:00Z")]
    assert roles == ["payer"]


async def test_lists_go_page_by_page(api):
    anna = (await resolve(api, MAIL))["customer_id"]
    groups = [await save(api, household(f"{n}")) for n in range(3)]
    for group in groups:
        await add(api, group, anna, role="payer")
        await add(api, group, anna, role="parent")
    for path in (f"/v1/groups/{groups[0]['group_id']}/members", f"/v1/customers/{anna}/groups"):
        whole = (await api.get(path)).json()["items"]
        pages, cursor = [], None
        while True:
            query = {"limit": 1} | ({"cursor": cursor} if cursor else {})
            page = (await api.get(path, params=query)).json()
            pages += page["items"]
            cursor = page["next"]
            if cursor is None:
                break
        assert pages == whole
        assert len(whole) in {2, 6}


async def test_a_merge_moves_memberships_and_its_undoing_would_restore_them(service, api):
    anna = (await resolve(api, MAIL))["customer_id"]
    by_phone = (await resolve(api, PHONE))["customer_id"]
    home, work = await save(api, household()), await save(api, account())
    await add(api, home, anna)
    await add(api, work, by_phone, role="buyer")
    actor = Actor(service)
    stored = "SELECT group_id, customer_id, role FROM group_member ORDER BY customer_id"
    before, events = await actor.rows(stored), await actor.events()
    await merge(api, by_phone, anna)
    for customer_id in (anna, by_phone):
        shown = await groups_of(api, customer_id)
        assert [(g["kind"], g["added_as"]) for g in shown] == [
            ("household", anna),
            ("account", by_phone),
        ]
    (member,) = await members_of(api, work)
    assert (member["customer_id"], member["added_as"]) == (anna, by_phone)
    assert await actor.rows(stored) == before
    merging = [e["type"] for e in (await actor.events())[len(events) :]]
    assert {kind.split(".")[1] for kind in merging} == {"customer"}
    await actor.database.run(lead_to_itself, UUID(by_phone))
    assert [g["kind"] for g in await groups_of(api, anna)] == ["household"]
    assert [g["kind"] for g in await groups_of(api, by_phone)] == ["account"]


async def test_a_merged_customer_is_one_person_to_a_group(service, api):
    anna = (await resolve(api, MAIL))["customer_id"]
    by_phone = (await resolve(api, PHONE))["customer_id"]
    group = await save(api, household())
    await add(api, group, by_phone)
    await merge(api, by_phone, anna)
    ended = await add(api, group, anna, **PERIOD)
    assert (ended["customer_id"], ended["added_as"]) == (anna, by_phone)
    assert await members_of(api, group) == [ended]
    path = f"/v1/groups/{group['group_id']}/members/{anna}"
    assert (await api.delete(path)).status_code == 204
    assert await members_of(api, group) == []
    (event,) = await Actor(service).events("group.member_removed")
    assert event["data"]["customer_id"] == by_phone


async def test_a_household_never_merges_its_members(service, api):
    group = await save(api, household())
    people = [
        (await resolve(api, {"type": "email", "value": f"{name}@lindqvist.se"}))["customer_id"]
        for name in ("anna", "bo")
    ]
    for customer_id in people:
        await add(api, group, customer_id)
    assert {m["customer_id"] for m in await members_of(api, group)} == set(people)
    assert await Actor(service).events("customer.merged") == []


async def test_a_member_is_removed_of_one_role_or_of_all(service, api):
    group, anna = await save(api, household()), (await resolve(api, MAIL))["customer_id"]
    for role in ("parent", "payer", "tenant"):
        await add(api, group, anna, role=role)
    path = f"/v1/groups/{group['group_id']}/members/{anna}"
    assert (await api.delete(path, params={"role": "payer"})).status_code == 204
    assert [m["role"] for m in await members_of(api, group)] == ["parent", "tenant"]
    assert [(await api.delete(path)).status_code for _ in range(2)] == [204, 204]
    assert await members_of(api, group) == []
    events = await Actor(service).events("group.member_removed")
    assert [(e["sequence"], e["data"]["role"]) for e in events] == [
        (5, "payer"), (6, "parent"), (7, "tenant"),
    ]  # fmt: skip
    assert (await api.get(f"/v1/groups/{group['group_id']}")).json()["members"] == 0


async def test_twenty_members_at_once_are_all_counted(service, api):
    group = await save(api, household())
    people = [
        (await resolve(api, {"type": "device", "value": f"d-{n}"}))["customer_id"]
        for n in range(20)
    ]
    await asyncio.gather(*(add(api, group, customer_id) for customer_id in people))
    read = (await api.get(f"/v1/groups/{group['group_id']}")).json()
    assert (read["members"], read["version"]) == (20, 21)
    sequences = [e["sequence"] for e in await Actor(service).events("group.member_added")]
    assert sequences == list(range(2, 22))


async def test_a_full_group_takes_no_other_member(service, api):
    group = await save(api, household())
    anna, bo = [
        (await resolve(api, {"type": "device", "value": name}))["customer_id"]
        for name in ("anna", "bo")
    ]
    dsn = service.settings.postgres.dsn.get_secret_value()
    async with running(dsn, groups={"max_members": 1}) as strict, client(strict) as http:
        await add(http, group, anna)
        refused = await http.put(f"/v1/groups/{group['group_id']}/members/{bo}", json={})
        await add(http, group, anna, source="crm")
    assert refused.status_code == 409


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"valid_from": PERIOD["valid_until"], "valid_until": PERIOD["valid_from"]},
         "/valid_until"),
        ({"role": "The Boss"}, "/role"),
        ({"valid_from": 4711}, "/valid_from"),
        ({"level": "verified"}, "/level"),
    ],
)  # fmt: skip
async def test_bad_input_is_named(api, body, pointer):
    group, anna = await save(api, household()), (await resolve(api, MAIL))["customer_id"]
    path = f"/v1/groups/{group['group_id']}/members/{anna}"
    response = await api.put(path, json=body)
    assert response.status_code == 422
    assert pointers(response) == [pointer]


async def test_unknown_groups_and_customers_are_not_found(api):
    group, anna = await save(api, household()), (await resolve(api, MAIL))["customer_id"]
    for path in (
        f"/v1/groups/{uuid4()}/members/{anna}",
        f"/v1/groups/{group['group_id']}/members/{uuid4()}",
    ):
        assert (await api.put(path, json={})).status_code == 404
        assert (await api.delete(path)).status_code == 404
    assert (await api.get(f"/v1/customers/{uuid4()}/groups")).status_code == 404


async def test_another_tenants_customer_is_no_member(service, api):
    group = await save(api, household())
    async with client(service, tenant="other") as http:
        theirs = (await resolve(http, MAIL))["customer_id"]
        own = await save(http, household())
        foreign = f"/v1/groups/{group['group_id']}/members/{theirs}"
        assert (await http.put(foreign, json={})).status_code == 404
        await add(http, own, theirs)
    path = f"/v1/groups/{group['group_id']}/members/{theirs}"
    assert (await api.put(path, json={})).status_code == 404
    assert (await api.get(f"/v1/customers/{theirs}/groups")).status_code == 404


async def test_callers_without_pii_see_a_customers_groups_masked(service, api):
    group, anna = await save(api, household()), (await resolve(api, MAIL))["customer_id"]
    await add(api, group, anna)
    async with client(service, scopes=("context:read",)) as http:
        (shown,) = await groups_of(http, anna)
    assert (shown["name"], shown["external_id"]["id"], shown["role"]) == ("L***", "***", "member")
