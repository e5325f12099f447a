"""The product's main journeys, across all services as separate processes."""

import asyncio
from datetime import datetime
from functools import partial

import pytest

from devstack.fleet.fleet import Fleet
from devstack.testing.observation.leaks import traceable
from devstack.testing.wait import until
from tests.e2e import journey
from tests.e2e.journey import Json, a_phone, an_email, call, unique

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]


def types_of(context: Json) -> set[str]:
    """Return the types of the identifiers that a context shows."""
    return {item["type"] for item in context["identifiers"]}


async def test_one_person_on_four_channels_is_one_customer(fleet: Fleet):
    email, phone, account = an_email(), a_phone(), f"+1500{unique('5')[-6:]}"
    journey.add_twilio_account(fleet, account)
    visitor = {"type": "cookie", "value": unique("visitor"), "level": "channel_proved"}
    chat = await journey.say(fleet, "chat", visitor, "Hello?")
    claim = email | {"level": "claimed"}
    await journey.say(
        fleet, "chat", visitor, "I am Anna", identifiers=[visitor, claim],
        conversation_id=chat["conversation_id"],
    )  # fmt: skip
    mail = await journey.say(fleet, "email", email, "It is about my order")
    assert mail["customer_id"] != chat["customer_id"], "what she claimed in the chat proves nothing"
    back = await journey.say(
        fleet, "chat", visitor, "I followed the link in your mail",
        identifiers=[visitor, email], conversation_id=chat["conversation_id"],
    )  # fmt: skip
    assert back["customer_id"] == mail["customer_id"]
    phoned = await journey.say(fleet, "phone", phone, "She calls")
    assert phoned["customer_id"] != mail["customer_id"]
    sent = await journey.text_by_twilio(
        fleet,
        account,
        {
            "MessageSid": unique("SM"),
            "From": phone["value"],
            "To": account,
            "Body": traceable("And texts"),
        },
    )
    assert sent.status_code == 200, sent.text
    merge = {
        "source_id": phoned["customer_id"],
        "target_id": mail["customer_id"],
        "reason": traceable("She said so."),
    }
    async with fleet.client("identity") as client:
        merged = await call(client, "POST", "/v1/merges", merge)
    assert merged["absorbed_ids"] == [phoned["customer_id"]]

    async def whole() -> Json | None:
        context = await journey.context(fleet, phoned["customer_id"])
        channels = {interaction["channel"] for interaction in context["interactions"]}
        is_whole = channels == {"chat", "email", "phone", "sms"}
        # Her histories and her profile are joined by events of two topic partitions.
        return context if is_whole and "phone" in types_of(context) else None

    context = await until(whole, within=20)
    assert context is not None
    assert (context["customer_id"], len(context["interactions"])) == (mail["customer_id"], 6)
    assert types_of(context) == {"cookie", "email", "phone"}
    async with fleet.client("interactions") as client:
        lookup = {"identifier": {"type": "phone", "value": phone["value"]}}
        looked_up = await call(client, "POST", "/v1/context/lookup", lookup)
    assert looked_up["customer_id"] == mail["customer_id"]


async def test_a_late_answer_breaches_and_one_in_time_does_not(fleet: Fleet):
    channel = unique("desk").replace("-", "_")
    await journey.promise(fleet, channel, 4)
    late = await journey.say(fleet, channel, an_email(), "Anybody?")
    in_time = await journey.say(fleet, channel, an_email(), "Somebody?")
    await journey.answer(fleet, in_time["conversation_id"], channel)

    async def state_of(message: Json) -> str:
        clocks = await journey.clocks(fleet, message["conversation_id"])
        return clocks[0]["state"] if clocks else "none"

    await until(lambda: _equal(state_of(late), "breached"), within=20)
    assert await state_of(in_time) == "met"
    (clock,) = await journey.clocks(fleet, late["conversation_id"])
    assert clock["breached_at"] == clock["due_at"]
    assert _time(clock["detected_at"]) >= _time(clock["due_at"])
    await journey.answer(fleet, late["conversation_id"], channel)

    async def seen() -> bool:
        breaches = (await journey.context(fleet, late["customer_id"]))["sla"]["breaches"]
        return [breach["clock_id"] for breach in breaches] == [clock["clock_id"]]

    await until(seen, within=10)


async def test_an_answer_that_arrives_late_but_was_given_in_time_retracts_the_breach(fleet: Fleet):
    channel = unique("desk").replace("-", "_")
    await journey.promise(fleet, channel, 3)
    message = await journey.say(fleet, channel, an_email(), "Anybody?")
    conversation_id = message["conversation_id"]
    (clock,) = await until(lambda: journey.clocks(fleet, conversation_id), within=20)

    async def state() -> str:
        return str((await journey.clocks(fleet, conversation_id))[0]["state"])

    await until(lambda: _equal(state(), "breached"), within=20)
    await journey.answer(fleet, conversation_id, channel, occurred_at=clock["started_at"])
    await until(lambda: _equal(state(), "met"), within=20)


async def test_one_trace_runs_from_the_call_to_the_consumers(fleet: Fleet):
    trace_id = unique("").replace("-", "").ljust(32, "a")
    trace_id = "".join(c if c in "0123456789abcdef" else "b" for c in trace_id)
    parent = f"00-{trace_id}-00f067aa0ba902b7-01"
    message = await journey.say_traced(fleet, "chat", an_email(), "Traced", traceparent=parent)
    stored = await fleet.rows(
        "interactions",
        "SELECT headers->>'ce_traceparent' AS parent FROM outbox WHERE aggregateid = $1",
        message["conversation_id"],
    )
    assert stored
    assert all(trace_id in row["parent"] for row in stored)
    for kind in ("interactions api", "identity api", "sla worker"):
        await until(partial(fleet.log_contains, kind, trace_id), within=15)
    records = await fleet.headers("interactions.conversations", message["conversation_id"])
    assert records
    assert all(trace_id in headers["ce_traceparent"] for headers in records)


async def test_without_identity_messages_are_accepted_and_attached_later(fleet: Fleet):
    customer = an_email()
    before = await journey.say(fleet, "chat", customer, "Before")
    await until(lambda: journey.has_context(fleet, before["customer_id"]), within=15)
    fleet.stop("identity api", "identity worker")
    try:
        again = await journey.say(fleet, "chat", customer, "Known")
        assert again["customer_id"] == before["customer_id"]
        stranger = await journey.say(fleet, "chat", an_email(), "Unknown")
        assert stranger["customer_id"] is None

        async def is_incomplete() -> bool:
            parts = (await journey.context(fleet, before["customer_id"]))["parts"]
            return not parts["customer"]["complete"] and "identity" in parts["customer"]["reason"]

        await until(is_incomplete, within=30)
    finally:
        fleet.start("identity api", "identity worker")

    async def attached() -> bool:
        async with fleet.client("interactions") as client:
            path = f"/v1/conversations/{stranger['conversation_id']}"
            return (await call(client, "GET", path))["customer_id"] is not None

    await until(attached, within=30)


async def test_without_sla_contexts_are_incomplete_and_no_breach_is_missed(fleet: Fleet):
    channel = unique("desk").replace("-", "_")
    await journey.promise(fleet, channel, 5)
    fleet.stop("sla api", "sla worker")
    try:
        late = await journey.say(fleet, channel, an_email(), "Anybody?")
        in_time = await journey.say(fleet, channel, an_email(), "Somebody?")
        await journey.answer(fleet, in_time["conversation_id"], channel)

        async def is_incomplete() -> bool:
            parts = (await journey.context(fleet, late["customer_id"]))["parts"]
            return not parts["sla"]["complete"] and "sla" in parts["sla"]["reason"]

        await until(lambda: journey.has_context(fleet, late["customer_id"]), within=15)
        await until(is_incomplete, within=30)
    finally:
        fleet.start("sla api", "sla worker")

    async def states() -> tuple[list[str], list[str]]:
        late_clocks = await journey.clocks(fleet, late["conversation_id"])
        clocks_in_time = await journey.clocks(fleet, in_time["conversation_id"])
        return [c["state"] for c in late_clocks], [c["state"] for c in clocks_in_time]

    await until(lambda: _equal(states(), (["breached"], ["met"])), within=30)
    (clock,) = await journey.clocks(fleet, late["conversation_id"])
    assert clock["breached_at"] == clock["due_at"] < clock["detected_at"]


async def test_twenty_first_contacts_at_once_are_one_customer(fleet: Fleet):
    email = an_email()
    answers = await asyncio.gather(
        *(journey.say(fleet, "email", email, f"Mail {n}") for n in range(20))
    )
    assert len({answer["customer_id"] for answer in answers}) == 1
    assert answers[0]["customer_id"] is not None


async def test_twenty_posts_of_one_provider_message_are_one_interaction(fleet: Fleet):
    email = an_email()
    provider = {"name": "mailer", "account": "support", "message_id": unique("mail")}
    answers = await asyncio.gather(
        *(journey.say(fleet, "email", email, "Once", provider=provider) for _ in range(20))
    )
    assert len({answer["interaction_id"] for answer in answers}) == 1
    assert [answer["duplicate"] for answer in answers].count(False) == 1


async def test_twenty_merges_in_both_directions_leave_one_survivor_and_one_event(fleet: Fleet):
    async with fleet.client("identity") as client:
        pair = []
        for _ in range(2):
            body = {"identifiers": [an_email()]}
            pair.append((await call(client, "POST", "/v1/identities/resolve", body))["customer_id"])

        async def merge(turn: int) -> Json:
            source, target = pair if turn % 2 else reversed(pair)
            body = {"source_id": source, "target_id": target, "reason": "race"}
            return await call(client, "POST", "/v1/merges", body)

        merges = await asyncio.gather(*(merge(turn) for turn in range(20)))
        assert len({merged["customer_id"] for merged in merges}) == 1
        assert [merged["changed"] for merged in merges].count(True) == 1
        first, second = [await call(client, "GET", f"/v1/customers/{each}") for each in pair]
    assert first["customer_id"] == second["customer_id"]
    (events,) = await fleet.rows(
        "identity",
        "SELECT count(*) FROM outbox WHERE type = 'identity.customer.merged'"
        " AND aggregateid = ANY($1::text[])",
        pair,
    )
    assert events["count"] == 1


async def _equal(actual: object, expected: object) -> bool:
    return await actual == expected  # type: ignore[misc]  # an awaitable of any comparable type


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
