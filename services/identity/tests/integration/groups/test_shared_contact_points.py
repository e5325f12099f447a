"""A contact point of a group leads to its history, and makes no two people one."""

from typing import Any

from services.identity.tests.harness import Actor, client
from services.identity.tests.integration.api_requests import resolve
from services.identity.tests.integration.groups.test_groups_api import LANDLINE, household, save

CALL = LANDLINE | {"level": "channel_proved"}


def mail(name: str) -> dict[str, Any]:
    return {"type": "email", "value": f"{name}@lindqvist.se", "level": "channel_proved"}


async def test_members_who_share_a_landline_stay_two_people(service, api):
    await save(api, household())
    anna = await resolve(api, mail("anna"), CALL)
    bo = await resolve(api, mail("bo"), CALL)
    assert anna["customer_id"] != bo["customer_id"]
    for answer in (anna, bo):
        assert [(d["identifier"]["type"], d["reason"]) for d in answer["dropped"]] == [
            ("phone", "shared")
        ]
    assert await Actor(service).events("customer.merged") == []


async def test_the_landline_alone_leads_to_one_customer_of_its_own(api):
    await save(api, household())
    anna = await resolve(api, mail("anna"), CALL)
    first, second = await resolve(api, CALL), await resolve(api, CALL)
    assert (first["created"], second["created"]) == (True, False)
    assert first["customer_id"] == second["customer_id"] != anna["customer_id"]


async def test_a_contact_point_that_left_its_group_is_a_persons_again(api):
    await save(api, household())
    await save(api, household(contact_points=[]))
    anna = await resolve(api, mail("anna"), CALL)
    assert (len(anna["linked"]), anna["dropped"]) == (2, [])


async def test_another_tenants_group_shares_nothing_here(service, api):
    await save(api, household())
    async with client(service, tenant="other") as http:
        theirs = await resolve(http, mail("anna"), CALL)
    assert (len(theirs["linked"]), theirs["dropped"]) == (2, [])
