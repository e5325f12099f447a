"""Stored identifiers follow the normaliser's version, on a real Postgres."""

from uuid import UUID

import pytest
from sqlalchemy import text

from common.runtime import Loop
from identifiers import NORMALISER_VERSION
from identity.rekeying.timers import rekey_stored
from services.identity.tests.harness import Actor, assert_sound, email
from services.identity.tests.integration.api_requests import resolve

KEYS = "SELECT type, scope, value, normaliser_version, customer_id FROM identifier"


async def old(actor: Actor, name: str, *keys: tuple[str, str, str, str], level="verified") -> UUID:
    """Create a customer, and give it identifiers that version 1 wrote: key and raw spelling."""
    customer_id = (await actor.meet(email(name))).customer_id
    assert customer_id is not None

    async def write(tx):
        for kind, scope, value, raw in keys:
            await tx.execute(
                text(
                    "INSERT INTO identifier (tenant_id, type, scope, value, raw, level,"
                    " customer_id, normaliser_version, first_seen_at)"
                    " VALUES ('demo', :kind, :scope, :value, :raw, :level, :id, 1, now())"
                ),
                {
                    "kind": kind, "scope": scope, "value": value, "raw": raw, "level": level,
                    "id": customer_id,
                },
            )  # fmt: skip

    await actor.database.run(write)
    return customer_id


async def drain(service) -> int:
    """Run rounds until nothing is left; return how many it took."""
    loop = service.components["maintenance:rekey_stored"]
    assert isinstance(loop, Loop)
    rounds = 0
    while await loop.round() == 0:
        rounds += 1
    return rounds


async def test_identifiers_move_to_their_new_keys(service, actor, api):
    anna = await old(
        actor,
        "anna",
        ("whatsapp", "", "+442079460018", "442079460018"),
        ("telegram", "", "t.me/anna", "t.me/anna"),
        ("phone", "shop", "+46701740605", "070-174 06 05"),
        ("loyalty_id", "", "L-1", "L-1"),
    )
    await drain(service)
    assert {tuple(row) for row in await actor.rows(KEYS)} == {
        ("phone", "", "+442079460018", NORMALISER_VERSION, anna),
        ("phone", "", "+46701740605", NORMALISER_VERSION, anna),
        ("loyalty_id", "", "L-1", NORMALISER_VERSION, anna),
        ("telegram", "", "anna", NORMALISER_VERSION, anna),
        ("email", "", "anna@nordlys.se", NORMALISER_VERSION, anna),
    }
    found = await resolve(api, {"type": "phone", "value": "+44 20 7946 0018"}, create=False)
    assert found["customer_id"] == str(anna)
    await assert_sound(actor)


async def test_each_move_is_announced(service, actor):
    await old(actor, "anna", ("whatsapp", "", "+442079460018", "442079460018"))
    await drain(service)
    [removed] = await actor.events("identifier.removed")
    [added] = await actor.events("identifier.added")
    assert removed["data"]["identifier"]["type"] == "whatsapp"
    assert added["data"]["identifier"]["type"] == "phone"
    assert added["data"]["identifier"]["raw"] == "442079460018"
    assert [removed["sequence"], added["sequence"]] == [2, 3]


async def test_two_customers_with_one_identifier_become_one(service, actor):
    number = ("phone", "", "+442079460018", "+442079460018")
    one = await old(actor, "one", ("whatsapp", "", "+442079460018", "442079460018"))
    two = await old(actor, "two", number)
    await drain(service)
    [merge] = await actor.rows("SELECT survivor_id, absorbed_ids, rule FROM merge_log")
    assert {merge.survivor_id, *merge.absorbed_ids} == {one, two}
    assert merge.rule == "normaliser.v2"
    [row] = await actor.rows("SELECT customer_id FROM identifier WHERE type = 'phone'")
    assert row.customer_id == merge.survivor_id
    assert await actor.rows("SELECT * FROM key_conflict") == []
    await assert_sound(actor)


async def test_what_a_customer_loses_is_listed(service, actor):
    claimant = await old(
        actor, "one", ("phone", "", "+442079460018", "020 7946 0018"), level="claimed"
    )
    owner = await old(actor, "two", ("whatsapp", "", "+442079460018", "442079460018"))
    await drain(service)
    [row] = await actor.rows("SELECT customer_id FROM identifier WHERE type = 'phone'")
    assert row.customer_id == owner
    [conflict] = await actor.rows("SELECT * FROM key_conflict")
    assert (conflict.customer_id, conflict.held_by) == (claimant, owner)
    assert (conflict.type, conflict.value) == ("phone", "+442079460018")
    assert (conflict.raw, conflict.reason) == ("020 7946 0018", "claimed_elsewhere")
    await assert_sound(actor)


async def test_what_is_no_key_any_more_stays_with_its_customer_and_finds_nobody(
    service, actor, api
):
    anna = await old(actor, "anna", ("external_id", "", "#N/A", "#N/A"))
    await drain(service)
    rows = await actor.rows(
        "SELECT customer_id, normaliser_version FROM identifier WHERE value = '#N/A'"
    )
    assert [tuple(row) for row in rows] == [(anna, NORMALISER_VERSION)]
    found = await resolve(api, {"type": "external_id", "value": "#N/A"}, source="shop")
    assert found["customer_id"] is None


@pytest.mark.parametrize("batch", [1, 3])
async def test_the_work_is_done_in_batches_tenant_by_tenant(service, actor, monkeypatch, batch):
    monkeypatch.setattr(rekey_stored, "BATCH", batch)
    for number in range(5):
        spelling = f"44207946001{number}"
        await old(actor, f"c{number}", ("whatsapp", "", f"+{spelling}", spelling))
    assert await drain(service) == -(-5 // batch)
    assert await drain(service) == 0
    left = await actor.rows("SELECT 1 FROM identifier WHERE type = 'whatsapp'")
    assert left == []
    await assert_sound(actor)
