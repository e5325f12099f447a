"""Telling what happened over HTTP."""

import asyncio
from uuid import uuid4

import pytest

from devstack.testing.wait import until
from services.interactions.tests.service import running

PATH = "/v1/interactions"


@pytest.fixture
async def api(fresh_dsn):
    async with running(fresh_dsn("interactions")) as found:
        yield found


def a_body(**changes):
    return {
        "channel": "sms",
        "kind": "message",
        "direction": "inbound",
        "author": {"type": "customer"},
        "identifiers": [{"type": "phone", "value": "+44 20 7946 0018"}],
        "text": "Where is my order?",
        "provider": {"name": "twilio", "account": "main", "message_id": f"SM{uuid4().hex}"},
    } | changes


async def test_a_new_message_is_created_for_the_customer_that_identity_names(api):
    answer = await api.post(PATH, a_body())
    assert answer.status_code == 201, answer.text
    found = answer.json()
    assert found["customer_id"] == str(api.identity.customer("+44 20 7946 0018"))
    assert found["duplicate"] is False
    assert found["sequence"] > 0


async def test_identity_is_asked_once_for_a_contact(api):
    for _ in range(3):
        assert (await api.post(PATH, a_body())).status_code == 201
    other_spelling = [{"type": "phone", "value": "+442079460018"}]
    assert (await api.post(PATH, a_body(identifiers=other_spelling))).status_code == 201
    assert len(api.identity.calls) == 1


async def test_identity_is_asked_again_when_an_identifier_comes_with_better_proof(api):
    phone = {"type": "phone", "value": "+44 20 7946 0018"}
    for level, calls in (("claimed", 1), ("claimed", 1), ("verified", 2), ("claimed", 2)):
        await api.post(PATH, a_body(identifiers=[phone | {"level": level}]))
        assert len(api.identity.calls) == calls


async def test_a_repeated_message_answers_the_original(api):
    body = a_body()
    first = (await api.post(PATH, body)).json()
    again = await api.post(PATH, body | {"text": "changed"})
    assert again.status_code == 200
    assert again.json() == first | {"duplicate": True}


async def test_the_locale_is_stored_and_published(api):
    answer = await api.post(PATH, a_body(locale="pt-BR"))
    assert answer.status_code == 201, answer.text
    [row] = await api.rows("SELECT locale FROM interaction")
    assert row.locale == "pt-BR"
    [event] = await api.rows("SELECT payload FROM outbox WHERE type LIKE '%recorded'")
    assert '"locale":"pt-BR"' in event.payload


async def test_a_locale_that_is_no_language_tag_is_rejected(api):
    answer = await api.post(PATH, a_body(locale="Português (Brasil)"))
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/locale"]


async def test_twenty_posts_of_one_message_record_it_once(api):
    body = a_body()
    answers = await asyncio.gather(*(api.post(PATH, body) for _ in range(20)))
    assert sorted(a.status_code for a in answers) == [200] * 19 + [201]
    assert len({a.json()["interaction_id"] for a in answers}) == 1
    [count] = await api.rows("SELECT count(*) AS n FROM outbox WHERE type LIKE '%recorded'")
    assert count.n == 1


async def test_a_repeated_idempotency_key_records_once(api):
    body = a_body(provider=None)
    headers = {"Idempotency-Key": "k-1"}
    first, again = [await api.post(PATH, body, headers=headers) for _ in range(2)]
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    other = await api.post(PATH, body | {"text": "other"}, headers=headers)
    assert other.status_code == 422


async def test_without_any_key_nothing_is_taken_for_a_repetition(api):
    body = a_body(provider=None)
    first, second = [(await api.post(PATH, body)).json() for _ in range(2)]
    assert first["interaction_id"] != second["interaction_id"]


async def test_while_identity_is_away_messages_are_accepted_and_attached_later(api):
    api.identity.away = True
    answer = await api.post(PATH, a_body())
    assert answer.status_code == 202
    waiting = answer.json()
    assert waiting["customer_id"] is None
    [told] = await api.rows("SELECT payload FROM outbox WHERE type LIKE '%recorded'")
    assert '"origin_customer_id":null' in told.payload
    await api.tick("attach_unresolved")
    api.identity.away = False
    await asyncio.sleep(0.1)
    await api.rows("SELECT 1")
    await api.service.database.run(_due)
    await api.tick("attach_unresolved")
    customer = str(api.identity.customer("+44 20 7946 0018"))
    [row] = await api.rows("SELECT origin_customer_id FROM interaction")
    assert str(row.origin_customer_id) == customer
    [row] = await api.rows("SELECT origin_customer_id, version FROM conversation")
    assert str(row.origin_customer_id) == customer
    assert row.version == 3
    [row] = await api.rows("SELECT payload FROM outbox WHERE type LIKE '%attached'")
    assert customer in row.payload
    assert not await api.rows("SELECT 1 FROM unresolved")
    again = await api.post(PATH, a_body(identifiers=[{"type": "phone", "value": "+442079460018"}]))
    assert again.status_code == 201
    assert again.json()["conversation_id"] == waiting["conversation_id"]
    feed = await api.rows("SELECT type FROM change ORDER BY sequence")
    assert "interaction.attached" in [row.type for row in feed]


async def _due(tx):
    from interactions.history.store.unresolved import mark_due

    return await mark_due(tx)


async def test_an_unresolved_message_sent_again_is_still_a_duplicate_after_attaching(api):
    api.identity.away = True
    body = a_body()
    first = (await api.post(PATH, body)).json()
    api.identity.away = False
    await asyncio.sleep(0.1)
    await api.service.database.run(_due)
    await api.tick("attach_unresolved")
    again = await api.post(PATH, body)
    assert again.status_code == 200
    assert again.json()["interaction_id"] == first["interaction_id"]
    assert again.json()["customer_id"] == str(api.identity.customer("+44 20 7946 0018"))


async def test_the_breaker_stops_asking_and_probes(api):
    api.identity.away = True
    for n in range(6):
        body = a_body(identifiers=[{"type": "phone", "value": f"+4420794600{n}"}])
        assert (await api.post(PATH, body)).status_code == 202
    assert len(api.identity.calls) < 6


async def test_what_identity_refuses_names_the_field(api):
    api.identity.refused.add("nonsense")
    answer = await api.post(PATH, a_body(identifiers=[{"type": "phone", "value": "nonsense"}]))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/identifiers/0/value"
    assert not await api.rows("SELECT 1 FROM interaction")


async def test_a_given_customer_must_exist(api):
    customer = api.identity.customer("x")
    known = await api.post(PATH, a_body(identifiers=[], customer_id=str(customer)))
    assert known.status_code == 201
    unknown = await api.post(PATH, a_body(identifiers=[], customer_id=str(uuid4())))
    assert unknown.status_code == 422
    assert unknown.json()["errors"][0]["pointer"] == "/customer_id"
    api.identity.away = True
    waiting = await api.post(PATH, a_body(identifiers=[], customer_id=str(uuid4())))
    assert waiting.status_code == 202


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"identifiers": []}, "/identifiers"),
        ({"direction": "sideways"}, "/direction"),
        ({"surprise": 1}, "/surprise"),
        ({"author": {"type": "martian"}}, "/author/type"),
        ({"text": "a\u0000b"}, "/text"),
        ({"conversation_id": str(uuid4())}, "/conversation_id"),
        ({"occurred_at": "yesterday"}, "/occurred_at"),
        ({"tenant_id": "other"}, "/tenant_id"),
    ],
)
async def test_a_bad_body_names_the_field(api, changes, pointer):
    answer = await api.post(PATH, a_body(**changes))
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]


async def test_who_may_not_write_may_not(api):
    assert (await api.client.post(PATH, json=a_body())).status_code == 401
    assert (await api.post(PATH, a_body(), who="reader")).status_code == 403
    plain = await api.client.post(
        PATH, content=b"x", headers={"Authorization": f"Bearer {api.keys['writer']}"}
    )
    assert plain.status_code == 415


async def test_tenants_never_meet(api):
    body = a_body()
    mine = (await api.post(PATH, body)).json()
    theirs = await api.post(PATH, body, who="other")
    assert theirs.status_code == 201
    assert theirs.json()["conversation_id"] != mine["conversation_id"]
    joined = await api.post(PATH, a_body(conversation_id=mine["conversation_id"]), who="other")
    assert joined.status_code == 422
    for method, body in (("GET", None), ("PATCH", {"status": "closed"})):
        found = await api.call(
            method, f"/v1/conversations/{mine['conversation_id']}", body, who="other"
        )
        assert found.status_code == 404


async def test_an_impossible_time_is_kept_but_not_believed(api):
    await api.post(PATH, a_body(occurred_at="2999-01-01T00:00:00Z"))
    [row] = await api.rows("SELECT * FROM interaction")
    assert row.occurred_at == row.received_at
    assert row.time_source == "implausible"
    assert row.time_claim.startswith("2999")


async def test_a_batch_answers_item_by_item(api):
    good = a_body()
    items = [
        good,
        a_body(direction="sideways"),
        good,
        a_body(conversation_id=str(uuid4())),
        a_body(identifiers=[{"type": "email", "value": "a@example.test"}]),
    ]
    answer = await api.post(f"{PATH}/batch", {"items": items})
    assert answer.status_code == 200
    first, bad, again, lost, other = answer.json()["items"]
    assert first["duplicate"] is False
    assert bad["problem"]["status"] == 422
    assert bad["problem"]["errors"][0]["pointer"] == "/direction"
    assert again == first | {"duplicate": True}
    assert lost["problem"]["errors"][0]["pointer"] == "/conversation_id"
    assert other["customer_id"] is not None
    assert len(api.identity.calls) == 1


async def test_a_batch_has_up_to_a_thousand_items(api):
    phones = [f"+4420{n:08d}" for n in range(1_000)]
    items = [a_body(identifiers=[{"type": "phone", "value": value}]) for value in phones]
    answer = await api.post(f"{PATH}/batch", {"items": items})
    assert answer.status_code == 200
    assert all("interaction_id" in item for item in answer.json()["items"])
    too_many = await api.post(f"{PATH}/batch", {"items": [*items, a_body()]})
    assert too_many.status_code == 422


async def test_a_conversation_is_read_and_changed_under_its_etag(api):
    posted = (await api.post(PATH, a_body())).json()
    path = f"/v1/conversations/{posted['conversation_id']}"
    read = await api.call("GET", path)
    assert read.status_code == 200
    etag = read.headers["etag"]
    change = {"assignee": "agent-17", "priority": "high", "tags": ["a", "a"], "status": "pending"}
    changed = await api.call("PATCH", path, change, headers={"If-Match": etag})
    assert changed.status_code == 200, changed.text
    assert changed.json()["tags"] == ["a"]
    assert changed.json()["version"] == 6
    assert changed.headers["etag"] != etag
    stale = await api.call("PATCH", path, {"priority": "low"}, headers={"If-Match": etag})
    assert stale.status_code == 412
    told = [
        row.type.removeprefix("interactions.conversation.")
        for row in await api.rows(
            "SELECT type FROM outbox WHERE type LIKE '%conversation.%' ORDER BY position"
        )
    ]
    assert told == ["opened", "assigned", "prioritised", "tagged", "waiting"]
    same = await api.call("PATCH", path, change)
    assert same.json()["version"] == 6
    cleared = await api.call("PATCH", path, {"assignee": None})
    assert cleared.json()["assignee"] is None
    await api.call("PATCH", path, {"status": "closed"})
    refused = await api.call("PATCH", path, {"status": "pending"})
    assert refused.status_code == 409
    assert (await api.call("PATCH", path, {"status": None})).status_code == 422
    assert (await api.call("PATCH", f"/v1/conversations/{uuid4()}", {})).status_code == 404


async def test_long_and_strange_keys_are_recorded_or_refused_but_never_crash(api):
    long = "ﷺ" * 400
    answer = await api.post(PATH, a_body(identifiers=[{"type": "handle", "value": long}]))
    assert answer.status_code == 201
    provider = {"name": "x", "account": "é" * 190, "message_id": "字" * 130}
    assert (await api.post(PATH, a_body(provider=provider))).status_code == 201
    too_long = await api.post(PATH, a_body(provider=provider | {"message_id": "字" * 400}))
    assert too_long.status_code == 422
    assert too_long.json()["errors"][0]["pointer"] == "/provider/message_id"


async def test_what_names_nobody_is_attached_with_its_conversation(api):
    api.identity.away = True
    first = (await api.post(PATH, a_body())).json()
    note = a_body(
        kind="note",
        direction="internal",
        author={"type": "agent", "id": "a-1"},
        identifiers=[],
        conversation_id=first["conversation_id"],
    )
    assert (await api.post(PATH, note)).status_code == 202
    api.identity.away = False
    await asyncio.sleep(0.1)
    await api.service.database.run(_due)
    await api.tick("attach_unresolved")
    customer = api.identity.customer("+44 20 7946 0018")
    rows = await api.rows("SELECT origin_customer_id, private FROM interaction")
    assert {row.origin_customer_id for row in rows} == {customer}
    assert len(rows) == 2
    repeated = await api.post(PATH, note)
    assert repeated.json()["customer_id"] == str(customer)
    numbers = await api.rows("SELECT headers->>'ce_sequence' AS n FROM outbox ORDER BY position")
    assert [int(row.n) for row in numbers] == [1, 2, 3, 4, 5]


async def test_when_identity_is_back_everything_that_waits_is_attached(api):
    api.identity.away = True
    items = [
        a_body(identifiers=[{"type": "phone", "value": f"+4420794600{n:02d}"}]) for n in range(30)
    ]
    await api.post(f"{PATH}/batch", {"items": items})
    for _ in range(4):
        await api.tick("attach_unresolved")
    api.identity.away = False
    await api.service.database.run(_due)

    async def attached():
        await api.tick("attach_unresolved")
        return not await api.rows("SELECT 1 FROM unresolved")

    await until(attached, within=10)
    rows = await api.rows("SELECT count(DISTINCT origin_customer_id) AS n FROM interaction")
    assert rows[0].n == 30


async def test_concurrent_changes_take_numbers_in_turn(api):
    posted = (await api.post(PATH, a_body())).json()
    path = f"/v1/conversations/{posted['conversation_id']}"
    changes = [api.call("PATCH", path, {"assignee": f"agent-{n}"}) for n in range(10)]
    messages = [api.post(PATH, a_body()) for _ in range(10)]
    answers = await asyncio.gather(*changes, *messages)
    assert {a.status_code for a in answers} == {200, 201}
    rows = await api.rows("SELECT headers->>'ce_sequence' AS n FROM outbox")
    assert sorted(int(row.n) for row in rows) == list(range(1, 23))
    feed = await api.rows("SELECT count(*) AS n FROM change")
    assert feed[0].n == 22


async def test_a_follow_up_is_told_only_to_who_may_read_it(api):
    posted = (await api.post(PATH, a_body())).json()
    path = f"/v1/conversations/{posted['conversation_id']}"
    assert (await api.client.get(path)).status_code == 401
    assert (await api.call("PATCH", path, {"priority": "x"}, who="reader")).status_code == 403
