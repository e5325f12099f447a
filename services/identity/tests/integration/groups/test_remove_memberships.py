"""Whoever is erased leaves every group, and nobody else does."""

from uuid import UUID

from identity.groups.usecases.remove_memberships import RemoveMemberships, remove_memberships
from services.identity.tests.harness import Actor
from services.identity.tests.integration.api_requests import MAIL, PHONE, resolve
from services.identity.tests.integration.groups.test_groups_api import account, household, save
from services.identity.tests.integration.groups.test_members import add, groups_of, members_of


async def test_the_ids_leave_every_group_with_an_event_each(service, api):
    actor = Actor(service)
    anna = (await resolve(api, MAIL))["customer_id"]
    bo = (await resolve(api, PHONE))["customer_id"]
    home, work = await save(api, household()), await save(api, account())
    for group in (home, work):
        await add(api, group, anna)
    await add(api, home, anna, role="payer")
    await add(api, home, bo)
    command = RemoveMemberships("demo", [UUID(anna)])
    removed = [
        await actor.database.run(remove_memberships, command, now=actor.clock.now())
        for _ in range(2)
    ]
    assert removed == [3, 0]
    assert await groups_of(api, anna) == []
    assert [m["customer_id"] for m in await members_of(api, home)] == [bo]
    events = await actor.events("group.member_removed")
    assert [(e["subject_id"], e["sequence"], e["data"]["role"]) for e in events] == [
        (home["group_id"], 5, "member"),
        (home["group_id"], 6, "payer"),
        (work["group_id"], 3, "member"),
    ]
    read = (await api.get(f"/v1/groups/{home['group_id']}")).json()
    assert (read["members"], read["version"]) == (1, 6)


async def test_nobody_of_another_tenant_leaves(service, api):
    anna = (await resolve(api, MAIL))["customer_id"]
    home = await save(api, household())
    await add(api, home, anna)
    actor = Actor(service)
    command = RemoveMemberships("other", [UUID(anna)])
    assert await actor.database.run(remove_memberships, command, now=actor.clock.now()) == 0
    assert len(await members_of(api, home)) == 1
