"""What an erased customer said is nowhere, and a repetition of it is not recorded."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from common.erasing import Eraser
from common.runtime import Loop
from devstack.testing.observation.searching import tables_of, tables_with
from interactions.privacy.store import people
from services.interactions.tests.context_rows import an_event, project_customers
from services.interactions.tests.integration.channels.test_deliveries import add, send

PERSONAL = ["442079460018", "Anna Berg", "annas order", "anna@example.org", "Where is my order"]
ACCOUNT = "+15005550006"
PHONE = {"type": "phone", "value": "+44 20 7946 0018", "level": "channel_proved"}


def message(text_: str = "annas order 118", **more: object) -> dict[str, Any]:
    return {
        "channel": "chat",
        "direction": "inbound",
        "author": {"type": "customer", "name": "Anna Berg", "id": "anna@example.org"},
        "identifiers": [PHONE],
        "subject": "annas order",
        "text": text_,
        "provider": {"name": "webchat", "account": "shop", "message_id": uuid4().hex},
        **more,
    }


async def sweep(api) -> None:
    """Publish what waits, and do every step that is due."""

    async def publish(tx: Any) -> None:
        await tx.execute(text("UPDATE outbox SET published_at = clock_timestamp()"))

    await api.run(publish)
    loop = api.service.components["maintenance:erase"]
    assert isinstance(loop, Loop)
    while not await loop.round():
        pass


async def meet(api) -> UUID:
    """Record a customer's messages over REST and by webhook, and learn who that is."""
    await add(api, "demo", ACCOUNT)
    answer = await api.post("/v1/interactions", message(), headers={"Idempotency-Key": "one"})
    customer_id = UUID(answer.json()["customer_id"])
    await api.post("/v1/interactions", message("annas order, again"))
    await send(api)
    await api.tick("process_deliveries")
    identifiers = [PHONE | {"value": "+442079460018", "raw": PHONE["value"], "scope": None}]
    data = {
        "customer_id": customer_id,
        "attributes": {"name": "Anna Berg"},
        "identifiers": identifiers,
    }
    created = an_event("identity.customer.created", data, subject=customer_id, sequence=1)
    await project_customers(api, created)
    return customer_id


async def erase(api, *ids: UUID, key: UUID | None = None) -> UUID:
    erasure_id = uuid4()
    data = {
        "erasure_id": erasure_id,
        "customer_id": key or ids[0],
        "canonical_id": ids[0],
        "customer_ids": list(ids),
        "erased_at": "2026-03-02T12:00:00Z",
    }
    event = an_event("identity.customer.erased", data, subject=key or ids[0], sequence=9)
    await project_customers(api, event)
    return erasure_id


async def test_nothing_of_an_erased_customer_is_left_in_any_table(api):
    customer_id = await meet(api)
    assert await tables_with(api.service.database, PERSONAL) != {}
    erasure_id = await erase(api, customer_id)
    await sweep(api)
    assert await tables_with(api.service.database, PERSONAL) == {}
    [event] = await api.rows(
        "SELECT payload FROM outbox WHERE type = 'interactions.erasure.completed'"
    )
    assert str(erasure_id) in event.payload
    for table in ("interaction", "conversation", "customer_profile", "provider_message"):
        assert await api.rows(f"SELECT 1 FROM {table}") == []
    assert (await api.call("GET", f"/v1/context/{customer_id}")).status_code == 404


async def test_every_table_is_erased_from_or_holds_no_people(api):
    """A new table belongs in one of the lists of ``privacy/store/people.py``."""
    listed = {*people.COPIES, *people.ERASED_IN_STEPS, *people.WITHOUT_PEOPLE}
    assert set(await tables_of(api.service.database)) == listed


async def test_others_keep_what_they_said_also_in_a_shared_conversation(api):
    customer_id = await meet(api)
    bo = {"type": "device", "value": "dev-bo-118"}
    own = await api.post("/v1/interactions", message("bo asks", identifiers=[bo], subject="bo"))
    [shared] = await api.rows(
        "SELECT conversation_id FROM conversation WHERE channel = 'chat'"
        " AND origin_customer_id = :id",
        id=customer_id,
    )
    note = {
        "channel": "chat",
        "direction": "inbound",
        "author": {"type": "customer"},
        "identifiers": [bo],
        "text": "bo here",
        "conversation_id": str(shared.conversation_id),
    }
    await api.post("/v1/interactions", note)
    await erase(api, customer_id)
    await sweep(api)
    texts = {row.text for row in await api.rows("SELECT text FROM interaction")}
    assert texts == {"bo asks", "bo here"}
    conversations = await api.rows("SELECT conversation_id, subject FROM conversation")
    assert {str(row.conversation_id) for row in conversations} >= {own.json()["conversation_id"]}
    assert {row.subject for row in conversations} == {"bo", None}


async def test_an_event_of_another_partition_that_comes_late_brings_nobody_back(api):
    customer_id, absorbed = await meet(api), uuid4()
    await erase(api, customer_id, absorbed)
    data = {"customer_id": absorbed, "attributes": {"name": "Anna Berg"}, "changed": ["name"]}
    late = an_event("identity.customer.updated", data, subject=absorbed, sequence=2)
    await project_customers(api, late)
    await erase(api, customer_id, absorbed, key=absorbed)
    await sweep(api)
    assert await tables_with(api.service.database, ["Anna Berg"]) == {}


@pytest.mark.parametrize("path", ["/v1/interactions", "/v1/interactions/batch"])
async def test_a_backfill_of_an_erased_sender_is_refused(api, path):
    customer_id = await meet(api)
    await erase(api, customer_id)
    await sweep(api)
    api.identity.erased.add(PHONE["value"])
    body = message()
    answer = await api.post(path, {"items": [body]} if path.endswith("batch") else body)
    assert "the sender was erased" in answer.text
    assert await tables_with(api.service.database, PERSONAL) == {}


async def test_a_repeated_webhook_of_an_erased_sender_leaves_nothing(api):
    customer_id = await meet(api)
    await erase(api, customer_id)
    await sweep(api)
    api.identity.erased.add("+442079460018")
    await send(api, url=f"http://testserver/v1/channels/twilio/{ACCOUNT}?again=1")
    await api.tick("process_deliveries")
    assert await tables_with(api.service.database, PERSONAL) == {}
    states = {row.state for row in await api.rows("SELECT state FROM raw_delivery")}
    assert states == {"processed"}


async def test_an_erased_address_beside_those_of_somebody_else_is_not_kept(api):
    api.identity.erased.add("anna@example.org")
    anna = {"type": "email", "value": "anna@example.org", "level": "verified"}
    answer = await api.post("/v1/interactions", message(identifiers=[anna, PHONE]))
    assert answer.json()["customer_id"] == str(api.identity.customer(PHONE["value"]))
    assert await tables_with(api.service.database, ["anna@example.org"]) == {}
    [row] = await api.rows("SELECT identifiers FROM interaction")
    assert [identifier["type"] for identifier in row.identifiers] == ["phone"]


async def test_what_waited_for_identity_goes_when_it_says_that_the_sender_is_erased(api):
    api.identity.away = True
    answer = await api.post("/v1/interactions", message())
    assert answer.status_code == 202
    api.identity.away = False
    api.identity.erased.add(PHONE["value"])

    async def due(tx: Any) -> None:
        await tx.execute(text("UPDATE unresolved SET next_attempt_at = now()"))

    await api.run(due)
    for _ in range(20):
        await api.tick("attach_unresolved")
        await api.run(due)
    assert await api.rows("SELECT 1 FROM interaction") == []
    assert await api.rows("SELECT 1 FROM conversation") == []
    assert await api.rows("SELECT 1 FROM unresolved") == []


@pytest.mark.parametrize("killed_in", range(11))
async def test_what_they_said_is_gone_wherever_it_was_killed(api, monkeypatch, killed_in):
    customer_id = await meet(api)
    await erase(api, customer_id)

    async def publish(tx: Any) -> None:
        await tx.execute(text("UPDATE outbox SET published_at = clock_timestamp()"))

    await api.run(publish)
    loop = api.service.components["maintenance:erase"]
    for _ in range(killed_in):
        await loop.round()
    real = Eraser.advance

    class KilledError(BaseException):
        pass

    async def dies(self: Any, tx: Any, *, now: Any) -> int:
        await real(self, tx, now=now)
        raise KilledError

    with monkeypatch.context() as patched:
        patched.setattr(Eraser, "advance", dies)
        with pytest.raises(KilledError):
            await loop.round()
    await sweep(api)
    assert await tables_with(api.service.database, PERSONAL) == {}
    done = await api.rows("SELECT 1 FROM outbox WHERE type = 'interactions.erasure.completed'")
    assert len(done) == 1
