"""What an erased customer shared with others: they keep it, and nothing else of them stays."""

from typing import Any

import pytest
from sqlalchemy import text

from common.jsons import dumps_text
from devstack.testing.observation.searching import tables_with
from services.identity.tests.harness import Actor
from services.identity.tests.integration.api_requests import resolve
from services.identity.tests.integration.groups.test_groups_api import LANDLINE, household, save
from services.identity.tests.integration.groups.test_members import add, members_of
from services.identity.tests.integration.privacy.test_erasures import erase

ANNA = {"type": "email", "value": "Anna@Nordlys.se", "level": "channel_proved"}
BO = {"type": "email", "value": "bo@nordlys.se", "level": "channel_proved"}
KIOSK = {"type": "device", "value": "kiosk-118", "level": "channel_proved"}
PHONE = {"type": "phone", "value": "+46 70 174 06 05", "level": "channel_proved"}
PERSONAL = ["anna@nordlys.se", "Anna Lindqvist", "1960-01-01"]
TOLD = {"name": "Anna Lindqvist", "birth_date": "1960-01-01"}
# Who says this has an identifier beside the address at which they say it.


@pytest.fixture
async def forget(service, api, sweep):
    """Return what publishes all events, erases a customer, and looks for what is left."""

    async def publish(tx: Any) -> None:
        await tx.execute(text("UPDATE outbox SET published_at = now() WHERE published_at IS NULL"))

    async def erased(customer_id: str, personal: list[str] = PERSONAL) -> dict[str, Any]:
        assert await tables_with(service.database, personal) != {}
        erasure = await erase(api, customer_id)
        await service.database.run(publish)
        await sweep()
        assert await tables_with(service.database, personal) == {}
        answer = await api.get(f"/v1/erasures/{erasure['erasure_id']}")
        assert answer.json()["state"] == "complete"
        return dict(erasure)

    return erased


async def read(api: Any, customer_id: str) -> dict[str, Any]:
    response = await api.get(f"/v1/customers/{customer_id}")
    assert response.status_code == 200, response.text
    return dict(response.json())


async def test_a_device_stays_with_the_person_who_was_proved_on_it_last(api, forget):
    anna = await resolve(api, ANNA, KIOSK, attributes=TOLD)
    bo = await resolve(api, BO, KIOSK)
    before = await read(api, bo["customer_id"])
    erased = await forget(anna["customer_id"])
    assert erased["erased"]["link"] == 3
    assert erased["denied_identifiers"] == 2
    assert await read(api, bo["customer_id"]) == before
    assert (await resolve(api, KIOSK))["customer_id"] == bo["customer_id"]


async def test_a_claim_of_somebody_else_on_the_persons_address_goes_with_it(api, actor, forget):
    anna = await resolve(api, ANNA, attributes=TOLD)
    cookie = {"type": "cookie", "value": "ck-118", "level": "channel_proved"}
    other = await resolve(api, cookie, {**ANNA, "level": "claimed"})
    assert other["claimed"] != []
    erased = await forget(anna["customer_id"])
    assert erased["erased"]["claim"] == 1
    assert (await resolve(api, cookie))["customer_id"] == other["customer_id"]
    assert (await resolve(api, {**ANNA, "level": "claimed"}))["reason"] == "erased"


async def test_whose_address_the_person_claimed_keeps_it(api, forget):
    bo = await resolve(api, BO)
    anna = await resolve(api, ANNA, {**BO, "level": "claimed"}, attributes=TOLD)
    before = await read(api, bo["customer_id"])
    assert before["claimed_by"] != []
    erased = await forget(anna["customer_id"])
    assert (erased["erased"]["claim"], erased["denied_identifiers"]) == (1, 2)
    assert await read(api, bo["customer_id"]) == before | {"claimed_by": []}
    assert (await resolve(api, BO))["customer_id"] == bo["customer_id"]


async def test_a_number_that_many_share_stays_in_quarantine(api, actor, forget):
    anna = await resolve(api, ANNA, PHONE, attributes=TOLD)
    for place in range(12):
        other = {"type": "email", "value": f"other-{place}@nordlys.se", "level": "channel_proved"}
        await resolve(api, other, PHONE)
    [entry] = await actor.rows("SELECT * FROM quarantine")
    assert str(entry.customer_id) == anna["customer_id"]
    erased = await forget(anna["customer_id"], [*PERSONAL, "46 70 174 06 05"])
    assert erased["denied_identifiers"] == 2
    [entry] = await actor.rows("SELECT * FROM quarantine")
    assert entry.raw == entry.value == "+46701740605"
    assert (await resolve(api, PHONE))["dropped"][0]["reason"] == "quarantined"


async def test_a_number_that_only_the_person_had_too_often_goes_and_is_denied(api, actor, forget):
    addresses = [
        {"type": "email", "value": f"anna-{place}@nordlys.se", "level": "channel_proved"}
        for place in range(12)
    ]
    for address in addresses:
        await resolve(api, address, PHONE, attributes=TOLD)
    owners = [await resolve(api, {**a, "level": None}, create=False) for a in addresses]
    for owner in owners[1:]:
        merge = {"source_id": owner["customer_id"], "target_id": owners[0]["customer_id"]}
        assert (await api.post("/v1/merges", json=merge)).status_code == 200
    assert len(await actor.rows("SELECT 1 FROM quarantine")) == 1
    personal = [*PERSONAL[1:], "701740605", "anna-7@nordlys.se"]
    erased = await forget(owners[3]["customer_id"], personal)
    assert erased["denied_identifiers"] == 25
    for table in ("quarantine", "link", "decision", "claim"):
        assert await actor.rows(f"SELECT 1 FROM {table}") == [], table
    assert (await resolve(api, PHONE))["reason"] == "erased"


async def test_an_address_that_went_to_another_person_stays_with_them(api, forget):
    """The other verified it: it is theirs, though the log of the first one's merges has it."""
    number = {"type": "external_id", "scope": "shop", "level": "verified"}
    cookie = await resolve(api, {"type": "cookie", "value": "ck-anna", "level": "channel_proved"})
    anna = await resolve(api, {**number, "value": "A-118"}, BO | {"level": "verified"})
    merge = {"source_id": cookie["customer_id"], "target_id": anna["customer_id"]}
    await api.post("/v1/merges", json=merge)
    bo = await resolve(api, {**number, "value": "B-118"}, BO | {"level": "verified"})
    assert bo["customer_id"] != anna["customer_id"]
    before = await read(api, bo["customer_id"])
    assert {i["value"] for i in before["identifiers"]} == {"B-118", "bo@nordlys.se"}
    await forget(anna["customer_id"], ["a-118", "ck-anna"])
    assert await read(api, bo["customer_id"]) == before
    assert (await resolve(api, BO))["customer_id"] == bo["customer_id"]


async def test_who_was_split_from_somebody_is_taken_out_of_their_log(api, actor, forget):
    number = {"type": "external_id", "scope": "shop", "level": "verified"}
    cookie = await resolve(api, {"type": "cookie", "value": "ck-bo", "level": "channel_proved"})
    bo = await resolve(api, {**number, "value": "B-118"}, ANNA | {"level": "verified"})
    merge = {"source_id": cookie["customer_id"], "target_id": bo["customer_id"]}
    await api.post("/v1/merges", json=merge)
    anna = await resolve(
        api, {**number, "value": "A-118"}, ANNA | {"level": "verified"}, attributes=TOLD
    )
    [log] = await actor.rows("SELECT cast(before AS text) AS images FROM merge_log")
    assert "anna@nordlys.se" in log.images
    await forget(anna["customer_id"], [*PERSONAL, "a-118"])
    [log] = await actor.rows("SELECT cast(before AS text) AS images, reason FROM merge_log")
    assert "B-118" in log.images
    assert log.reason != "erased"
    assert await read(api, bo["customer_id"])


async def test_the_person_leaves_their_groups_and_the_others_stay(api, actor, forget):
    anna, bo = await resolve(api, ANNA, attributes=TOLD), await resolve(api, BO)
    point = {"type": "email", "value": "Anna@nordlys.se"}
    alone = await save(api, household("1", contact_points=[point, LANDLINE]))
    both = await save(api, household("2"))
    for group in (alone, both):
        await add(api, group, anna["customer_id"])
    await add(api, both, bo["customer_id"])
    erased = await forget(anna["customer_id"])
    assert (erased["erased"]["group_member"], erased["erased"]["group_contact_point"]) == (2, 1)
    assert [m["customer_id"] for m in await members_of(api, both)] == [bo["customer_id"]]
    shown = (await api.get(f"/v1/groups/{alone['group_id']}")).json()
    assert [p["value"] for p in shown["contact_points"]] == ["+4686113000"]
    [updated] = await actor.events("group.updated")
    assert updated["data"]["changed"] == ["contact_points"]


async def test_the_contact_point_of_a_group_with_others_is_not_denied(api, forget):
    anna, bo = await resolve(api, ANNA, PHONE, attributes=TOLD), await resolve(api, BO)
    home = await save(api, household(contact_points=[{"type": "phone", "value": PHONE["value"]}]))
    for customer in (anna, bo):
        await add(api, home, customer["customer_id"])
    erased = await forget(anna["customer_id"])
    assert erased["denied_identifiers"] == 2
    shown = (await api.get(f"/v1/groups/{home['group_id']}")).json()
    assert [p["value"] for p in shown["contact_points"]] == ["+46701740605"]


async def test_a_decision_about_the_person_and_another_goes(service, api, forget):
    anna, bo = await resolve(api, ANNA, attributes=TOLD), await resolve(api, BO)

    async def keep_apart(tx: Any) -> None:
        await tx.execute(
            text(
                "INSERT INTO decision (tenant_id, decision_id, kind, customer_id, other_id, keys,"
                " actor, reason, decided_at) VALUES ('demo', gen_random_uuid(), 'cannot-link',"
                " :bo, :anna, cast(:keys AS jsonb), 'key:1', 'Anna Lindqvist rang', now())"
            ),
            {
                "bo": bo["customer_id"],
                "anna": anna["customer_id"],
                "keys": '[{"type": "email", "scope": "", "value": "anna@nordlys.se"}]',
            },
        )

    await service.database.run(keep_apart)
    erased = await forget(anna["customer_id"])
    assert erased["erased"]["decision"] == 1
    assert await Actor(service).rows("SELECT 1 FROM decision") == []


async def test_a_decision_about_two_others_forgets_what_names_the_person(
    service, api, actor, forget
):
    """The person was one of the two, and was split from them since."""
    anna, bo = await resolve(api, ANNA, attributes=TOLD), await resolve(api, BO)
    cy = await resolve(api, {**BO, "value": "cy@nordlys.se"})
    link = {
        "low_type": "email", "low_scope": "", "low_value": "anna@nordlys.se",
        "high_type": "email", "high_scope": "", "high_value": "cy@nordlys.se",
        "rule": "must-link",
    }  # fmt: skip
    kept = link | {"low_value": "bo@nordlys.se"}
    evidence = [{"type": "email", "value": "anna@nordlys.se"}, {"score": 0.9}]

    async def decide(tx: Any) -> None:
        await tx.execute(
            text(
                "INSERT INTO decision (tenant_id, decision_id, kind, customer_id, other_id, keys,"
                " actor, reason, decided_at, links, evidence) VALUES ('demo', gen_random_uuid(),"
                " 'must-link', :bo, :cy, '[]', 'key:1', 'a call', now(), cast(:links AS jsonb),"
                " cast(:evidence AS jsonb))"
            ),
            {
                "bo": bo["customer_id"],
                "cy": cy["customer_id"],
                "links": dumps_text([link, kept]),
                "evidence": dumps_text(evidence),
            },
        )

    await service.database.run(decide)
    erased = await forget(anna["customer_id"], PERSONAL[:1])
    assert erased["erased"]["decision"] == 0
    [decision] = await actor.rows("SELECT links, evidence FROM decision")
    assert (decision.links, decision.evidence) == ([kept], [{"score": 0.9}])


async def test_the_birth_date_that_the_person_said_with_a_shared_address_goes(api, actor, forget):
    """What belongs to the other now may have been said by the person."""
    number = {"type": "external_id", "scope": "shop", "level": "verified"}
    anna = await resolve(api, {**number, "value": "A-118"}, BO | {"level": "verified"})
    await resolve(api, BO, attributes={"birth_date": "1960-01-01"})
    await resolve(api, {**number, "value": "B-118"}, BO | {"level": "verified"})
    await forget(anna["customer_id"], ["a-118", "1960-01-01"])
    assert await actor.rows("SELECT 1 FROM identifier WHERE value = 'bo@nordlys.se'")
