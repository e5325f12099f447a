"""Messages recorded while identity is down: accepted, queued, and attached once it is back."""

import asyncio

from devstack.testing.wait import until
from interactions.history.store.unresolved import mark_due
from interactions.history.timers import attach_unresolved
from services.interactions.tests.factories import a_body

PATH = "/v1/interactions"


async def test_messages_are_accepted_while_identity_is_down_and_attached_later(api):
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
    await api.run(mark_due)
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


async def test_an_unresolved_message_sent_again_is_still_a_duplicate_after_attaching(api):
    api.identity.away = True
    body = a_body()
    first = (await api.post(PATH, body)).json()
    api.identity.away = False
    await asyncio.sleep(0.1)
    await api.run(mark_due)
    await api.tick("attach_unresolved")
    again = await api.post(PATH, body)
    assert again.status_code == 200
    assert again.json()["interaction_id"] == first["interaction_id"]
    assert again.json()["customer_id"] == str(api.identity.customer("+44 20 7946 0018"))


async def test_a_note_without_identifiers_is_attached_with_its_conversation(api):
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
    await api.run(mark_due)
    await api.tick("attach_unresolved")
    customer = api.identity.customer("+44 20 7946 0018")
    rows = await api.rows("SELECT origin_customer_id, private FROM interaction")
    assert {row.origin_customer_id for row in rows} == {customer}
    assert len(rows) == 2
    repeated = await api.post(PATH, note)
    assert repeated.json()["customer_id"] == str(customer)
    numbers = await api.rows("SELECT headers->>'ce_sequence' AS n FROM outbox ORDER BY position")
    assert [int(row.n) for row in numbers] == [1, 2, 3, 4, 5]


async def test_everything_waiting_is_attached_once_identity_is_back(api):
    api.identity.away = True
    items = [
        a_body(identifiers=[{"type": "phone", "value": f"+4420794600{n:02d}"}]) for n in range(30)
    ]
    await api.post(f"{PATH}/batch", {"items": items})
    for _ in range(4):
        await api.tick("attach_unresolved")
    api.identity.away = False
    await api.run(mark_due)

    async def attached():
        await api.tick("attach_unresolved")
        return not await api.rows("SELECT 1 FROM unresolved")

    await until(attached, within=10)
    rows = await api.rows("SELECT count(DISTINCT origin_customer_id) AS n FROM interaction")
    assert rows[0].n == 30


async def test_the_breaker_stops_asking_and_probes(api):
    api.identity.away = True
    for n in range(6):
        body = a_body(identifiers=[{"type": "phone", "value": f"+4420794600{n}"}])
        assert (await api.post(PATH, body)).status_code == 202
    assert len(api.identity.calls) < 6


async def test_a_message_on_which_identity_fails_holds_up_no_other(api, monkeypatch):
    monkeypatch.setattr(attach_unresolved, "MAX_ATTEMPTS", 3)
    api.identity.broken.add("+442079460007")
    items = [
        a_body(identifiers=[{"type": "phone", "value": f"+4420794600{n:02d}"}]) for n in range(10)
    ]
    await api.post(f"{PATH}/batch", {"items": items})
    assert len(await api.rows("SELECT 1 FROM unresolved")) == 10
    for _ in range(3):
        await api.run(mark_due)
        await api.tick("attach_unresolved")
        [left] = await api.rows("SELECT identifiers, attempts, refused FROM unresolved")
        assert left.identifiers[0]["value"] == "+442079460007"
    assert (left.attempts, left.refused) == (3, "identity failed on this request")
    await api.run(mark_due)
    assert not await api.tick("attach_unresolved")
