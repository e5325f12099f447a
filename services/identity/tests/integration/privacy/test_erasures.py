"""An erased customer is nowhere: in no table, in no answer, under none of its ids."""

from typing import Any

import pytest
from sqlalchemy import text

from devstack.testing.observation.searching import tables_of, tables_with
from identity.customers.domain.identifiers import Level
from identity.matching.timers.match_changed import MatchChanged
from identity.privacy.store import places
from services.identity.tests.harness import client, device, email
from services.identity.tests.integration.api_requests import resolve

EMAIL = "anna.lindqvist@nordlys.se"
SPELT = "Anna.Lindqvist@Nordlys.se"
NUMBER = "+46701740605"
PERSONAL = [EMAIL, NUMBER, "46 70 174 06 05", "Anna Lindqvist", "Storgatan 1", "C-20417"]
IDENTIFIERS = [
    {"type": "email", "value": SPELT, "level": "verified"},
    {"type": "phone", "value": "+46 70 174 06 05", "level": "channel_proved"},
    {"type": "external_id", "value": "C-20417", "scope": "webshop"},
]


async def erase(api: Any, customer_id: str, **more: object) -> Any:
    body = {"customer_id": customer_id, "reason": "request", **more}
    response = await api.post("/v1/erasures", json=body)
    assert response.status_code in {200, 202}, response.text
    return response.json()


async def meet_anna(api: Any) -> list[str]:
    """Create a customer with a past: two ids, a merge, changed attributes; return both ids."""
    keyed = {"Idempotency-Key": "first"}
    body = {
        "identifiers": IDENTIFIERS[:1],
        "attributes": {"name": "Anna Lindqvist", "address": "Storgatan 1"},
    }
    first = (await api.post("/v1/identities/resolve", json=body, headers=keyed)).json()
    second = await resolve(api, *IDENTIFIERS[1:], attributes={"name": "Anna"})
    await resolve(api, IDENTIFIERS[0], attributes={"address": "Storgatan 17"})
    merge = {"source_id": second["customer_id"], "target_id": first["customer_id"]}
    await api.post("/v1/merges", json=merge, headers={"Idempotency-Key": "merge"})
    return [first["customer_id"], second["customer_id"]]


async def test_nothing_of_an_erased_customer_is_left_in_any_table(service, api, sweep):
    ids = await meet_anna(api)
    assert await tables_with(service.database, PERSONAL) != {}
    erased = await erase(api, ids[1])
    assert (erased["state"], erased["customer_ids"]) == ("erasing", ids)
    for customer_id in ids:
        assert (await api.get(f"/v1/customers/{customer_id}")).status_code == 404
    await sweep()
    assert await tables_with(service.database, PERSONAL) == {}
    after = (await api.get(f"/v1/erasures/{erased['erasure_id']}")).json()
    assert after["state"] == "complete"
    [report] = after["services"]
    assert {place: number for place, number in report["erased"].items() if number} == {
        "merge_log": 1,
        "decision": 1,
        "link": 1,
        "customer_search": 1,
        "identifier": 3,
        "customer_alias": 2,
        "customer": 2,
        "attribute_observation": 4,
        "outbox": 5,
        "idempotency": 2,
    }


async def test_every_table_is_erased_from_or_holds_no_people(service):
    """A new table belongs in one of the lists of ``privacy/store/places.py``."""
    at_once = {place.table for place in places.PLACES}
    listed = {*at_once, *places.ELSEWHERE, *places.ERASED_IN_STEPS, *places.WITHOUT_PEOPLE}
    assert set(await tables_of(service.database)) == listed


async def test_each_id_gets_an_event_of_its_own_without_personal_data(api, actor):
    ids = await meet_anna(api)
    erased = await erase(api, ids[0])
    events = await actor.events("customer.erased")
    assert [event["subject_id"] for event in events] == ids
    assert {event["data"]["erasure_id"] for event in events} == {erased["erasure_id"]}
    rows = await actor.rows("SELECT id, version FROM customer")
    assert rows == []
    assert [event["sequence"] for event in events] == [4, 3]


async def test_erasing_again_by_any_id_returns_the_first_erasure(api):
    ids = await meet_anna(api)
    first = await erase(api, ids[0])
    for customer_id in ids:
        response = await api.post(
            "/v1/erasures", json={"customer_id": customer_id, "reason": "once more"}
        )
        assert response.status_code == 200
        assert response.json() == first


async def test_what_matching_keeps_goes_with_the_person(api, actor):
    ids = await meet_anna(api)
    matching = MatchChanged(actor.database, actor.limits, clock=actor.clock)
    while await matching():
        pass
    assert await actor.rows("SELECT 1 FROM match_key")
    erased = await erase(api, ids[0])
    assert erased["erased"]["match_profile"] > 0
    while await matching():
        pass
    for table in ("match_key", "match_profile", "match_candidate", "match_queue"):
        assert await actor.rows(f"SELECT 1 FROM {table}") == [], table


async def test_a_dry_run_counts_and_changes_nothing(api, actor):
    ids = await meet_anna(api)
    planned = await erase(api, ids[0], dry_run=True)
    assert (planned["state"], planned["erasure_id"]) == ("planned", None)
    assert planned["denied_identifiers"] == 3
    assert planned["erased"] == {
        "merge_log": 1,
        "group_member": 0,
        "group_contact_point": 0,
        "match_key": 0,
        "match_profile": 0,
        "match_candidate": 0,
        "claim": 0,
        "quarantine": 0,
        "decision": 1,
        "link": 1,
        "key_conflict": 0,
        "customer_search": 1,
        "identifier": 3,
        "customer_alias": 2,
        "customer": 2,
        "attribute_observation": 4,
    }
    assert (await api.get(f"/v1/customers/{ids[0]}")).status_code == 200
    assert await actor.events("customer.erased") == []


async def test_an_unknown_customer_and_one_of_another_tenant_are_not_found(service, api):
    ids = await meet_anna(api)
    async with client(service, tenant="other") as stranger:
        response = await stranger.post(
            "/v1/erasures", json={"customer_id": ids[0], "reason": "mine"}
        )
    assert response.status_code == 404
    assert (await api.get(f"/v1/customers/{ids[0]}")).status_code == 200


async def test_a_reason_must_not_name_the_person(api):
    ids = await meet_anna(api)
    body = {"customer_id": ids[0], "reason": f"asked by {EMAIL.upper()}"}
    response = await api.post("/v1/erasures", json=body)
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "/reason"
    assert (await api.get(f"/v1/customers/{ids[0]}")).status_code == 200


async def test_others_keep_their_data_though_they_share_words_with_the_person(
    service, api, actor, sweep
):
    ids = await meet_anna(api)
    bo = await resolve(api, {"type": "email", "value": "bo@nordlys.se"}, attributes={"name": "Bo"})
    await erase(api, ids[0])
    await sweep()
    shown = (await api.get(f"/v1/customers/{bo['customer_id']}")).json()
    assert shown["attributes"] == {"name": "Bo"}
    payloads = await actor.rows("SELECT payload FROM outbox WHERE payload LIKE '%bo@nordlys.se%'")
    assert len(payloads) == 1


async def _undo(actor, absorbed: Any) -> None:
    """Part two merged customers as an undo does: each has its own again, the log stays."""

    async def part(tx: Any) -> None:
        for statement in (
            "UPDATE customer_alias SET canonical_id = origin_id",
            "UPDATE customer SET merged_into = NULL",
            "UPDATE identifier SET customer_id = :id WHERE value = 'bo@nordlys.se'",
            "UPDATE customer SET attributes = attributes - 'city' WHERE id <> :id",
        ):
            await tx.execute(text(statement), {"id": absorbed} if ":id" in statement else {})

    await actor.database.run(part)


@pytest.mark.parametrize("erased", ["survivor", "absorbed"])
async def test_erasing_one_of_a_parted_pair_leaves_the_other_whole(
    service, api, actor, sweep, erased
):
    anna = await actor.meet(email("anna", Level.VERIFIED), name="Anna", street="Storgatan 1")
    bo = await actor.meet(email("bo"), city="Boras")
    await actor.merge(bo.customer_id, anna.customer_id)
    cy = await actor.meet(device("cy"))
    await actor.merge(cy.customer_id, anna.customer_id)
    await _undo(actor, bo.customer_id)
    pair = {
        "survivor": (anna.customer_id, bo.customer_id, ["anna@nordlys.se", "Storgatan 1"]),
        "absorbed": (bo.customer_id, anna.customer_id, ["bo@nordlys.se", "Boras"]),
    }
    gone, stays, personal = pair[erased]

    async def publish(tx: Any) -> None:
        await tx.execute(text("UPDATE outbox SET published_at = now()"))

    await actor.database.run(publish)
    before = (await api.get(f"/v1/customers/{stays}")).json()
    await erase(api, str(gone))
    await sweep()
    assert await tables_with(service.database, personal) == {}
    assert (await api.get(f"/v1/customers/{stays}")).json() == before
    assert (await api.get(f"/v1/customers/{gone}")).status_code == 404


async def test_an_event_of_somebody_else_is_published_before_it_is_emptied(api, actor, sweep):
    anna = await actor.meet(email("anna", Level.VERIFIED), name="Anna")
    bo = await actor.meet(email("bo"))
    await actor.merge(bo.customer_id, anna.customer_id)
    await _undo(actor, bo.customer_id)
    erased = await erase(api, str(bo.customer_id))
    await sweep()
    assert (await api.get(f"/v1/erasures/{erased['erasure_id']}")).json()["state"] == "erasing"
    [waiting] = await actor.events("customer.merged")
    assert waiting["subject_id"] == str(anna.customer_id)


async def test_a_short_value_is_no_reason_to_take_what_is_about_others(service, api, sweep):
    number = {"type": "loyalty_id", "value": "42", "level": "verified"}
    anna = await resolve(api, number)
    keyed = {"Idempotency-Key": "k-42"}
    other = {"identifiers": [{"type": "device", "value": "dev-42-x"}]}
    answers = [await api.post("/v1/identities/resolve", json=other, headers=keyed)]
    await erase(api, anna["customer_id"])
    await sweep()
    answers.append(await api.post("/v1/identities/resolve", json=other, headers=keyed))
    assert answers[1].headers["Idempotent-Replayed"] == "true"


async def test_dead_letters_about_the_person_are_emptied(service, api, actor, sweep):
    ids = await meet_anna(api)

    async def put(tx: Any) -> None:
        for place, value in enumerate((f'{{"from": "{SPELT}"}}', '{"from": "bo@nordlys.se"}')):
            await tx.execute(
                text(
                    "INSERT INTO dead_letter (dead_letter_id, consumer, topic, partition,"
                    " record_offset, record_value, headers, reason, detail, attempts)"
                    " VALUES (gen_random_uuid(), 'c', 't', 0, :place, :value,"
                    " jsonb_build_object('ce_tenantid', 'demo'), 'handler_error', '', 1)"
                ),
                {"place": place, "value": value.encode()},
            )

    await service.database.run(put)
    await erase(api, ids[0])
    await sweep()
    letters = await actor.rows(
        "SELECT record_value, reason FROM dead_letter ORDER BY record_offset"
    )
    assert [letter.reason for letter in letters] == ["erased", "handler_error"]
    assert letters[0].record_value is None
