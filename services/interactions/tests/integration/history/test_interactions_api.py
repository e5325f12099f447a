"""Recording over HTTP: one interaction at a time, and in batches."""

import asyncio
from uuid import uuid4

import pytest

from services.interactions.tests.factories import a_body

PATH = "/v1/interactions"


async def test_a_message_is_recorded_for_the_customer_that_identity_resolves(api):
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
    for level, calls in (
        ("claimed", 1),
        ("claimed", 1),
        ("verified", 2),
        ("verified", 2),
        ("claimed", 3),
    ):
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


async def test_a_locale_that_is_not_a_language_tag_is_rejected(api):
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


async def test_without_a_key_every_post_is_recorded(api):
    body = a_body(provider=None)
    first, second = [(await api.post(PATH, body)).json() for _ in range(2)]
    assert first["interaction_id"] != second["interaction_id"]


async def test_an_identifier_that_identity_refuses_is_422(api):
    number = {"type": "phone", "value": "+442079460099"}
    api.identity.refused.add(number["value"])
    answer = await api.post(PATH, a_body(identifiers=[number]))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/identifiers/0/value"
    assert not await api.rows("SELECT 1 FROM interaction")


async def test_a_named_customer_must_exist(api):
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


async def test_recording_requires_the_write_scope(api):
    assert (await api.client.post(PATH, json=a_body())).status_code == 401
    assert (await api.post(PATH, a_body(), who="reader")).status_code == 403
    plain = await api.client.post(
        PATH, content=b"x", headers={"Authorization": f"Bearer {api.keys['writer']}"}
    )
    assert plain.status_code == 415


async def test_tenants_are_isolated(api):
    body = a_body()
    mine = (await api.post(PATH, body)).json()
    theirs = await api.post(PATH, body, who="other")
    assert theirs.status_code == 201
    assert theirs.json()["conversation_id"] != mine["conversation_id"]
    joined = await api.post(PATH, a_body(conversation_id=mine["conversation_id"]), who="other")
    assert joined.status_code == 422
    for method, change in (("GET", None), ("PATCH", {"status": "closed"})):
        found = await api.call(
            method, f"/v1/conversations/{mine['conversation_id']}", change, who="other"
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


async def test_long_and_strange_keys_are_recorded_or_refused_but_never_crash(api):
    for value, status in (("字" * 330, 201), ("ﷺ" * 400, 202)):
        answer = await api.post(PATH, a_body(identifiers=[{"type": "handle", "value": value}]))
        assert answer.status_code == status
    provider = {"name": "x", "account": "é" * 190, "message_id": "字" * 130}
    assert (await api.post(PATH, a_body(provider=provider))).status_code == 201
    too_long = await api.post(PATH, a_body(provider=provider | {"message_id": "字" * 400}))
    assert too_long.status_code == 422
    assert too_long.json()["errors"][0]["pointer"] == "/provider/message_id"
