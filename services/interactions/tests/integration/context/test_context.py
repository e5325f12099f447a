"""The whole customer over HTTP, on a real Postgres."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from common.ids import new_id
from devstack.testing.postgres import open_transaction
from interactions.context.parts import PART_NAMES
from services.interactions.tests.context_rows import (
    NOW,
    a_conversation,
    a_customer,
    a_phone,
    an_interaction,
    clock_event,
    created,
    merged,
    project_clocks,
    project_customers,
    sources_behind,
)
from services.interactions.tests.harness import running

NIL = "00000000-0000-0000-0000-000000000000"


async def test_a_context_has_every_part_and_its_completeness(api):
    customer = await a_customer(api)
    conversation = await api.run(a_conversation, customer)
    told, _ = await api.run(an_interaction, customer, conversation_id=conversation)
    clock = new_id()
    await project_clocks(
        api,
        clock_event(
            "started", clock, sequence=1, conversation_id=conversation, customer_id=customer
        ),
    )
    await api.run(sources_behind)
    answer = await api.get(f"/v1/context/{customer}")
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"customer_id", "parts", *PART_NAMES}
    assert body["customer_id"] == str(customer)
    assert body["customer"]["attributes"] == {"name": "Anna Berg"}
    assert body["identifiers"] == [
        {"type": "phone", "value": "+442079460018", "scope": None, "level": "verified"}
    ]
    assert [c["conversation_id"] for c in body["conversations"]] == [str(conversation)]
    (shown,) = body["interactions"]
    assert shown["interaction_id"] == str(told)
    assert shown["author"] == {"type": "customer", "id": None, "name": "Anna Berg"}
    assert shown["occurred_at"] == NOW.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert body["sla"]["clocks"][0]["clock_id"] == str(clock)
    assert body["sla"]["next_deadline"] == body["sla"]["clocks"][0]["due_at"]
    assert body["insights"]["contacts_7d"] == {"value": 1, "evidence": [str(told)]}
    assert body["insights"]["last_contact"]["evidence"] == [str(told)]
    assert body["insights"]["channels_used"] == {"value": ["sms"], "evidence": [str(told)]}
    assert body["insights"]["open_conversations"]["evidence"] == [str(told)]
    incomplete = {name for name, part in body["parts"].items() if not part["complete"]}
    assert incomplete == {"consents", "preferences", "records"}
    assert all(body["parts"][name]["reason"] for name in incomplete)
    assert all(body["parts"][name]["as_of"] for name in set(PART_NAMES) - incomplete)


async def test_an_unchanged_context_is_304_until_it_changes(api):
    customer = await a_customer(api)
    await api.run(an_interaction, customer)
    await api.run(sources_behind)
    first = await api.get(f"/v1/context/{customer}")
    await api.run(sources_behind, customers=2.0)
    seen = {"If-None-Match": first.headers["ETag"]}
    again = await api.get(f"/v1/context/{customer}", headers=seen)
    assert (again.status_code, again.content) == (304, b"")
    await api.run(an_interaction, customer)
    assert (await api.get(f"/v1/context/{customer}", headers=seen)).status_code == 200


async def test_the_etag_depends_on_the_parts_and_on_the_mask(api):
    customer = await a_customer(api)
    tags = [
        (await api.get(f"/v1/context/{customer}{query}", who=who)).headers["ETag"]
        for query in ("", "?include=customer")
        for who in ("agent", "reader")
    ]
    assert len(set(tags)) == 4


async def test_include_selects_parts(api):
    customer = await a_customer(api)
    body = (await api.get(f"/v1/context/{customer}?include=sla,customer")).json()
    assert set(body) == {"customer_id", "customer", "sla", "parts"}
    assert set(body["parts"]) == {"customer", "sla"}


@pytest.mark.parametrize("query", ["include=customers", "include=", "at=2026-01-01T00:00:00Z",
                                   "format=json", "page=2"])  # fmt: skip
async def test_an_unsupported_parameter_is_refused_by_name(api, query):
    customer = await a_customer(api)
    answer = await api.get(f"/v1/context/{customer}?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == f"/query/{query.split('=')[0]}"


async def test_without_pii_read_a_context_shows_nothing_personal(api):
    customer = await a_customer(api, attributes={"name": "Anna Berg", "tags": ["vip-anna"]})
    conversation = await api.run(a_conversation, customer, subject="Canary subject")
    await api.run(
        an_interaction, customer, conversation_id=conversation, text="Canary text", subject="Canary"
    )
    body = (await api.get(f"/v1/context/{customer}", who="reader")).text
    for secret in ("Anna", "Canary", "442079460018", '"118"', "vip-anna", "SM"):
        assert secret not in body
    assert "***" in body


async def test_another_tenants_customer_looks_like_an_unknown_id(api):
    customer = await a_customer(api)
    theirs = await api.get(f"/v1/context/{customer}", who="other")
    unknown = await api.get(f"/v1/context/{new_id()}", who="other")
    assert theirs.status_code == unknown.status_code == 404
    assert theirs.json()["detail"] == unknown.json()["detail"]


@pytest.mark.parametrize("path", ["", "/timeline"])
async def test_the_nil_id_is_unknown_and_unresolved_interactions_stay_hidden(api, path):
    await api.run(an_interaction, NIL)
    assert (await api.get(f"/v1/context/{NIL}{path}")).status_code == 404
    customer = await a_customer(api)
    await api.run(an_interaction, NIL)
    await api.run(an_interaction, customer)
    found = (await api.get(f"/v1/context/{customer}{path}")).json()
    assert len(found["interactions" if not path else "items"]) == 1


async def test_reading_requires_the_scope(api):
    customer = await a_customer(api)
    assert (await api.get(f"/v1/context/{customer}", who="outsider")).status_code == 403
    assert (await api.client.get(f"/v1/context/{customer}")).status_code == 401


async def test_a_merge_shows_both_histories_under_every_id(api):
    one, two = await a_customer(api), await a_customer(api)
    first, _ = await api.run(an_interaction, one, at=NOW - timedelta(hours=2))
    await api.run(a_conversation, one)
    second, _ = await api.run(an_interaction, two, at=NOW - timedelta(hours=1))
    clock = clock_event("started", new_id(), sequence=1, conversation_id=new_id(), customer_id=one)
    await project_clocks(api, clock)
    await project_customers(api, merged(two, [one], sequence=2, attributes={"name": "Anna B."}))
    for asked in (one, two):
        body = (await api.get(f"/v1/context/{asked}")).json()
        assert body["customer_id"] == str(two)
        assert body["customer"]["merged_ids"] == [str(one)]
        shown = [i["interaction_id"] for i in body["interactions"]]
        assert shown == [str(second), str(first)]
        assert body["interactions"][1]["origin_customer_id"] == str(one)
        assert len(body["conversations"]) == len(body["sla"]["clocks"]) == 1


async def test_the_newest_twenty_over_all_ids_and_channels_are_shown(api):
    one, two = await a_customer(api), await a_customer(api)
    await project_customers(api, merged(two, [one], sequence=2))
    told = []
    for minute in range(30):
        at = NOW - timedelta(minutes=minute)
        owner, channel = (one, "sms") if minute % 3 else (two, "email")
        told.append((await api.run(an_interaction, owner, at=at, channel=channel))[0])
    body = (await api.get(f"/v1/context/{two}")).json()
    assert [i["interaction_id"] for i in body["interactions"]] == [str(i) for i in told[:20]]
    assert body["insights"]["contacts_7d"]["value"] == 30
    assert body["insights"]["channels_used"]["value"] == ["email", "sms"]


async def test_replies_notes_and_automatic_mail_do_not_count_as_contacts(api):
    customer = await a_customer(api)
    await api.run(an_interaction, customer, direction="outbound", author_type="agent")
    await api.run(an_interaction, customer, private=True, direction="internal")
    await api.run(an_interaction, customer, automated=True)
    insights = (await api.get(f"/v1/context/{customer}")).json()["insights"]
    assert insights["contacts_30d"] == {"value": 0, "evidence": []}
    assert insights["last_contact"] is None


async def test_insights_are_incomplete_when_there_was_more_to_count(api):
    customer = await a_customer(api)

    async def many(tx):
        for second in range(401):
            await an_interaction(tx, customer, at=NOW - timedelta(seconds=second))

    await api.run(many)
    part = (await api.get(f"/v1/context/{customer}")).json()["parts"]["insights"]
    assert (part["complete"], part["reason"]) == (
        False,
        "only the newest interactions were counted",
    )


async def test_a_stopped_source_is_named_and_the_other_parts_stay_complete(api):
    customer = await a_customer(api)
    await api.run(an_interaction, customer)
    await api.run(sources_behind, clocks=95.0)
    body = (await api.get(f"/v1/context/{customer}")).json()
    assert body["parts"]["sla"]["complete"] is False
    assert body["parts"]["sla"]["reason"] in {"sla events are 95 s behind",
                                              "sla events are 96 s behind"}  # fmt: skip
    assert body["parts"]["customer"]["complete"] is True
    assert len(body["interactions"]) == 1


async def test_a_clock_is_shown_with_its_conversation_before_sla_knows_the_customer(api):
    customer = await a_customer(api)
    conversation = await api.run(a_conversation, customer)
    await project_clocks(
        api, clock_event("started", new_id(), sequence=1, conversation_id=conversation)
    )
    body = (await api.get(f"/v1/context/{customer}")).json()
    assert len(body["sla"]["clocks"]) == 1


async def test_breaches_are_listed_apart_from_running_clocks(api):
    customer, clock = await a_customer(api), new_id()
    told = {"conversation_id": new_id(), "customer_id": customer}
    await project_clocks(api, clock_event("breached", clock, sequence=2, state="breached",
                                  breached_at=NOW, **told))  # fmt: skip
    sla = (await api.get(f"/v1/context/{customer}")).json()["sla"]
    assert sla["clocks"] == []
    assert sla["next_deadline"] is None
    assert [b["clock_id"] for b in sla["breaches"]] == [str(clock)]


async def test_a_part_that_is_late_is_reported_and_the_rest_is_shown(fresh_dsn):
    async with running(fresh_dsn("interactions"), context={"deadline_seconds": 0.4}) as api:
        customer = await a_customer(api)
        await api.get(f"/v1/context/{customer}")
        async with open_transaction(api.service.database) as blocker:
            await blocker.execute(text("LOCK TABLE interaction IN ACCESS EXCLUSIVE MODE"))
            answer = await api.get(f"/v1/context/{customer}")
    assert answer.status_code == 200
    body = answer.json()
    assert body["customer"]["attributes"] == {"name": "Anna Berg"}
    assert body["interactions"] == []
    assert body["parts"]["interactions"] == {
        "as_of": None,
        "complete": False,
        "reason": "timed out",
    }


async def test_a_frozen_database_is_503_not_500(fresh_dsn):
    async with running(fresh_dsn("interactions"), context={"deadline_seconds": 0.2}) as api:
        customer = await a_customer(api)
        async with open_transaction(api.service.database) as blocker:
            await blocker.execute(text("LOCK TABLE customer_alias IN ACCESS EXCLUSIVE MODE"))
            began = asyncio.get_running_loop().time()
            answer = await api.get(f"/v1/context/{customer}")
            took = asyncio.get_running_loop().time() - began
    assert answer.status_code == 503
    assert "retry-after" in answer.headers
    assert took < 1.5


async def test_a_bound_token_reads_only_its_customer_and_no_notes(api):
    mine, yours = new_id(), new_id()
    api.bind("bound", mine)
    await project_customers(api, created(mine, identifiers=[a_phone("+441")]),
                    created(yours, identifiers=[a_phone("+442")]))  # fmt: skip
    await api.run(an_interaction, mine, private=True, text="internal note")
    told, _ = await api.run(an_interaction, mine)
    own = await api.get(f"/v1/context/{mine}", who="bound")
    assert own.status_code == 200
    assert [i["interaction_id"] for i in own.json()["interactions"]] == [str(told)]
    timeline = await api.get(f"/v1/context/{mine}/timeline", who="bound")
    assert [i["interaction_id"] for i in timeline.json()["items"]] == [str(told)]
    for path in (f"/v1/context/{yours}", f"/v1/context/{yours}/timeline"):
        assert (await api.get(path, who="bound")).status_code == 404
    phone = {"identifier": {"type": "phone", "value": "+442"}}
    assert (await api.lookup(phone, who="bound")).status_code == 404
    assert (await api.get("/v1/changes", who="bound")).status_code in {403, 404}
    await project_customers(api, merged(yours, [mine], sequence=2))
    merged_now = await api.get(f"/v1/context/{mine}", who="bound")
    assert merged_now.json()["customer_id"] == str(yours)
