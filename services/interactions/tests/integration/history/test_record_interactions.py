"""Recording on a real Postgres: rows, events, and races."""

import asyncio
from random import Random

from sqlalchemy import text

from common.db import Database
from common.errors import InvalidError
from common.ids import new_id
from devstack.servers.patience import patient
from devstack.testing.postgres import rows_of
from interactions.history import Direction, Kind, record_interactions
from services.interactions.tests.factories import (
    NOON,
    a_draft,
    a_phone,
    a_reply,
    minutes,
    provided,
    recording,
)


async def events_of(database):
    found = await rows_of(
        database,
        "SELECT type, aggregateid, headers->>'ce_sequence' AS n FROM outbox ORDER BY position",
    )
    return [(row.aggregateid, int(row.n), row.type.removeprefix("interactions.")) for row in found]


async def record(database, *drafts, now=NOON, **more):
    return await database.run(record_interactions, recording(*drafts, **more), now=now)


async def test_the_first_message_opens_a_conversation(database):
    [answer] = await record(database, a_draft())
    [conversation] = await rows_of(database, "SELECT * FROM conversation")
    [interaction] = await rows_of(database, "SELECT * FROM interaction")
    assert conversation.status == "new"
    assert conversation.version == 2
    assert conversation.waiting_since == NOON
    assert interaction.sequence == answer.sequence
    assert interaction.time_source == "received"
    told = [(n, name) for _, n, name in await events_of(database)]
    assert told == [(1, "conversation.opened"), (2, "interaction.recorded")]
    feed = await rows_of(database, "SELECT type, interaction_id FROM change ORDER BY sequence")
    assert [row.type for row in feed] == ["conversation.opened", "interaction.recorded"]
    assert feed[1].interaction_id == answer.interaction_id


async def test_an_unresolved_contact_is_queued(database):
    [answer] = await record(database, a_draft())
    assert answer.customer_id is None
    [waiting] = await rows_of(database, "SELECT * FROM unresolved")
    assert waiting.interaction_id == answer.interaction_id


async def test_the_next_message_of_the_contact_joins_the_conversation(database):
    [first] = await record(database, a_draft())
    [second] = await record(database, a_draft(text="Hello?"), now=NOON + minutes(1))
    assert first.conversation_id == second.conversation_id


async def test_two_customers_with_one_telephone_have_two_conversations(database):
    mother, child = new_id(), new_id()
    conversations = [
        (await record(database, a_draft(), customer_id=customer))[0].conversation_id
        for customer in (mother, child, mother, child)
    ]
    assert conversations[0] != conversations[1]
    assert conversations[2:] == conversations[:2]


async def test_an_unknown_sender_goes_on_with_the_contacts_latest_conversation(database):
    known = (await record(database, a_draft(), customer_id=new_id()))[0]
    unknown = (await record(database, a_draft()))[0]
    assert unknown.conversation_id == known.conversation_id


async def test_a_known_customer_joins_by_any_identifier(database):
    customer = new_id()
    [first] = await record(database, a_draft(), customer_id=customer)
    await database.run(
        lambda tx: tx.execute(
            text("INSERT INTO customer_alias VALUES ('demo', :id, :id)"), {"id": customer}
        )
    )
    [second] = await record(
        database, a_draft(identifiers=(a_phone("+15550001111"),)), customer_id=customer
    )
    assert first.conversation_id == second.conversation_id


async def test_a_repeated_provider_message_answers_the_original(database):
    [first] = await record(database, a_draft(**provided("SM1")))
    [again, other] = await record(
        database, a_draft(**provided("SM1"), text="changed"), a_draft(**provided("SM2"))
    )
    assert again.duplicate
    assert again.interaction_id == first.interaction_id
    assert again.sequence == first.sequence
    assert not other.duplicate
    assert other.conversation_id == first.conversation_id
    [kept] = await rows_of(
        database, "SELECT text FROM interaction WHERE provider_message_id = 'SM1'"
    )
    assert kept.text == "Where is my order?"


async def test_a_repetition_inside_one_batch_is_recorded_once(database):
    first, again = await record(database, a_draft(**provided("SM1")), a_draft(**provided("SM1")))
    assert not first.duplicate
    assert again.duplicate
    assert again.interaction_id == first.interaction_id


async def test_twenty_posts_of_one_provider_message_make_one_interaction(database):
    batches = await asyncio.gather(
        *(
            database.run(record_interactions, recording(a_draft(**provided("SM1"))), now=NOON)
            for _ in range(20)
        )
    )
    answers = [answer for [answer] in batches]
    assert sum(not answer.duplicate for answer in answers) == 1
    assert len({answer.interaction_id for answer in answers}) == 1
    [count] = await rows_of(database, "SELECT count(*) AS n FROM interaction")
    assert count.n == 1


async def test_twenty_first_messages_of_a_contact_make_one_conversation(database):
    batches = await asyncio.gather(
        *(
            database.run(record_interactions, recording(a_draft(text=f"message {n}")), now=NOON)
            for n in range(20)
        )
    )
    answers = [answer for [answer] in batches]
    assert len({answer.conversation_id for answer in answers}) == 1
    told = await events_of(database)
    assert sorted(n for _, n, _ in told) == list(range(1, 22))
    [conversation] = await rows_of(database, "SELECT version, interaction_count FROM conversation")
    assert (conversation.version, conversation.interaction_count) == (21, 20)


async def test_numbers_of_one_conversation_follow_their_commits(database):
    await asyncio.gather(
        *(
            record(
                database, *(a_draft(identifiers=(a_phone(f"+1555000{n % 3}"),)) for n in range(7))
            )
            for _ in range(8)
        )
    )
    told = await events_of(database)
    by_conversation: dict[str, list[int]] = {}
    for key, number, _ in told:
        by_conversation.setdefault(key, []).append(number)
    assert len(by_conversation) == 3
    for numbers in by_conversation.values():
        assert numbers == list(range(1, len(numbers) + 1))


async def test_batches_that_share_contacts_do_not_deadlock(database):
    settings = database.settings.model_copy(update={"max_attempts": 1})
    without_retries = Database(settings, service="interactions")
    phones = [f"+1555000{n:03}" for n in range(60)]

    async def batches(number: int) -> None:
        order = Random(number)  # noqa: S311 - a shuffle
        for _ in range(4):
            chosen = order.sample(phones, 30)
            drafts = [a_draft(identifiers=(a_phone(phone),)) for phone in chosen]
            await record(without_retries, *drafts)

    await asyncio.gather(*(batches(number) for number in range(6)))
    await without_retries.close()
    [count] = await rows_of(database, "SELECT count(*) AS n FROM conversation")
    assert count.n == len(phones)


async def test_one_bad_item_fails_alone_and_leaves_nothing(database):
    good, bad, repeated = await record(
        database,
        a_draft(**provided("SM1")),
        a_draft(**provided("SM2"), conversation_id=new_id()),
        a_draft(**provided("SM2"), conversation_id=new_id()),
    )
    assert good.sequence > 0
    assert isinstance(bad, InvalidError)
    assert bad.errors[0].pointer == "/conversation_id"
    assert isinstance(repeated, InvalidError)
    [later] = await record(database, a_draft(**provided("SM2")))
    assert not later.duplicate


async def test_another_tenants_conversation_does_not_exist(database):
    [theirs] = await record(database, a_draft(), tenant_id="other")
    [answer] = await record(database, a_draft(conversation_id=theirs.conversation_id))
    assert isinstance(answer, InvalidError)


async def test_an_answer_stops_the_waiting_and_a_customer_reopens(database):
    [first] = await record(database, a_draft())
    await record(database, a_reply(), now=NOON + minutes(2))
    [row] = await rows_of(database, "SELECT * FROM conversation")
    assert row.status == "open"
    assert row.waiting_since is None
    assert row.first_response_at is not None
    await database.run(
        lambda tx: tx.execute(
            text("UPDATE conversation SET status = 'resolved', resolved_at = now()")
        )
    )
    [again] = await record(database, a_draft())
    assert again.conversation_id == first.conversation_id
    [row] = await rows_of(database, "SELECT * FROM conversation")
    assert (row.status, row.reopen_count, row.resolved_at) == ("open", 1, None)


async def test_a_message_to_a_closed_conversation_opens_one_that_follows_it(database):
    [first] = await record(database, a_draft())
    await database.run(lambda tx: tx.execute(text("UPDATE conversation SET status = 'closed'")))
    [second] = await record(database, a_draft(conversation_id=first.conversation_id))
    assert second.conversation_id != first.conversation_id
    [row] = await rows_of(
        database,
        "SELECT follows_id FROM conversation WHERE conversation_id = :id",
        id=second.conversation_id,
    )
    assert row.follows_id == first.conversation_id


async def test_a_reply_joins_only_for_somebody_who_takes_part(database):
    [first] = await record(database, a_draft(channel="email", **provided("<a@x>", "box")))
    mine = a_draft(channel="email", in_reply_to="<a@x>", **provided("<b@x>", "other box"))
    theirs = a_draft(
        channel="email",
        identifiers=(a_phone("+15559999"),),
        in_reply_to="<a@x>",
        **provided("<c@x>", "box"),
    )
    joined, apart = await record(database, mine, theirs)
    assert joined.conversation_id == first.conversation_id
    assert apart.conversation_id != first.conversation_id


async def test_a_note_goes_with_its_conversations_customer(database):
    customer = new_id()
    [first] = await record(database, a_draft(), customer_id=customer)
    note = a_reply(
        kind=Kind.NOTE,
        direction=Direction.INTERNAL,
        private=True,
        identifiers=(),
        text="VIP",
        conversation_id=first.conversation_id,
        **provided("N1"),
    )
    [noted] = await record(database, note)
    assert noted.customer_id == customer
    [again] = await record(database, note)
    assert again.duplicate
    assert again.customer_id == customer


async def test_a_tenants_open_batch_keeps_no_other_tenant_waiting(database):
    batch = [a_draft(identifiers=(a_phone(f"+1555{n:07}"),)) for n in range(1_000)]
    recorded, others_are_done = asyncio.Event(), asyncio.Event()

    async def hold(tx):
        await record_interactions(tx, recording(*batch), now=NOON)
        recorded.set()
        await others_are_done.wait()

    holding = asyncio.create_task(database.run(hold))
    await asyncio.wait_for(recorded.wait(), patient(20))
    try:
        others = await record(database, *batch[:200], tenant_id="other")
        assert not holding.done()
    finally:
        others_are_done.set()
        await holding
    assert len(others) == 200
