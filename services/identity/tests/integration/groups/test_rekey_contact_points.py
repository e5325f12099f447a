"""Contact points that an older normaliser keyed are found again under their present keys."""

from sqlalchemy import text

from common.db import Transaction
from identity.groups.timers.rekey_stored_points import RekeyStoredPoints
from services.identity.tests.harness import Actor
from services.identity.tests.integration.groups.test_groups_api import RECEPTION, household, save

MEXICAN = {"type": "phone", "value": "+52 1 55 1234 5678"}


async def write_as_of_old(tx: Transaction) -> None:
    """Give all contact points the version before, and the number its old key."""
    await tx.execute(text("UPDATE group_contact_point SET normaliser_version = 1"))
    old = "UPDATE group_contact_point SET value = '+5215512345678' WHERE type = 'phone'"
    await tx.execute(text(old))


async def test_older_keys_are_renewed_and_announced_once(service, api):
    actor = Actor(service)
    await save(api, household(contact_points=[MEXICAN, RECEPTION]))
    await save(api, household("2", contact_points=[RECEPTION]))
    await actor.database.run(write_as_of_old)
    found = await api.post("/v1/groups/lookup", json={"identifier": MEXICAN})
    assert found.json()["items"] == []
    work = RekeyStoredPoints(actor.database, default_region=None, clock=actor.clock)
    assert [await work() for _ in range(3)] == [1, 1, 0]
    found = await api.post("/v1/groups/lookup", json={"identifier": MEXICAN})
    (group,) = found.json()["items"]
    assert group["version"] == 2
    (event,) = await actor.events("group.updated")
    assert event["data"]["changed"] == ["contact_points"]
    assert event["data"]["contact_points"] == group["contact_points"]
