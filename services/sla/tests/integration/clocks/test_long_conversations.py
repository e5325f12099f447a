"""An event of a long conversation costs no more than one of a short one, with equal results."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from common.messaging.inbox.claims import FencedError
from devstack.testing.postgres import counted_statements, execute
from services.sla.tests.harness import POLICY, Conversation, Desk, Publisher
from sla.clocks.domain.checkpoints import checkpoint, states
from sla.clocks.domain.checkpoints.checkpoint import SPACING
from sla.clocks.domain.status_history import MAX_LISTED
from sla.clocks.memory import LONG
from sla.clocks.store import conversations

pytestmark = pytest.mark.usefixtures("policy")

MESSAGES = 3_000
"""Enough for fifteen checkpoints."""


@pytest.fixture
def reads(monkeypatch) -> list[int]:
    """The number of conversations whose facts were all read, per query."""
    counted: list[int] = []
    list_facts = conversations.list_facts

    async def counting(tx, keys):
        counted.append(len(keys))
        return await list_facts(tx, keys)

    monkeypatch.setattr(conversations, "list_facts", counting)
    return counted


async def long_chat(desk: Desk, publisher: Publisher) -> Conversation:
    """Return a conversation whose fold is kept."""
    chat = publisher.conversation().opened(desk.now(-2000))
    for turn in range(LONG):
        (chat.agent if turn % 2 else chat.customer)(desk.now(turn - 1900))
    await publisher.send()
    chat.customer(desk.now(-1000))
    await publisher.send()
    return chat


async def clocks_of(desk: Desk, chat: Conversation) -> list[tuple]:
    rows = await desk.rows(
        "SELECT * FROM clock WHERE conversation_id = :id ORDER BY metric, cycle", id=chat.id
    )
    return [tuple(row) for row in rows]


async def rename_ledger(tx: AsyncConnection, chat_id: UUID) -> None:
    """Change the ledger as another process does when it adds a fact."""
    statement = "UPDATE conversation SET ledger = gen_random_uuid() WHERE conversation_id = :id"
    await tx.execute(text(statement), {"id": chat_id})


def delete_fold(owner_dsn: str, chat_id: UUID) -> None:
    """Leave a conversation as the version before stored it: facts without a fold.

    The service itself may not do that.
    """
    for table in ("fold", "checkpoint"):
        execute(owner_dsn, f"DELETE FROM {table} WHERE conversation_id = '{chat_id}'")


@pytest.fixture
def fold_all(
    service, publisher: Publisher, as_owner: Callable[[str], str]
) -> Callable[[Conversation], Awaitable[None]]:
    """Returns a function that folds all facts of a conversation, by an event that is no fact."""

    async def fold(chat: Conversation) -> None:
        await service.database.run(rename_ledger, chat.id)
        delete_fold(as_owner(service.settings.postgres.dsn.get_secret_value()), chat.id)
        chat.event(
            "interaction.recorded",
            service.clock.now(),
            kind="system",
            direction="internal",
            author_type="system",
            interaction_id=str(uuid4()),
        )
        await publisher.send()

    return fold


async def forget_openers(tx: AsyncConnection, chat_id: UUID) -> None:
    """Leave the clocks of a conversation as the version before stored them."""
    columns = ("opener_at", "opener_rank", "opener_sequence")
    statement = f"UPDATE clock SET {', '.join(f'{name} = NULL' for name in columns)}"
    await tx.execute(text(f"{statement} WHERE conversation_id = :id"), {"id": chat_id})


async def test_only_a_long_conversation_looks_for_a_stored_fold(desk, publisher):
    chat = publisher.conversation().opened(desk.now(-1000))
    for turn in range(LONG - 2):
        chat.customer(desk.now(turn - 900))
    with counted_statements() as statements:
        await publisher.send()
    assert [s for s in statements if "INTO fact" in s]
    assert not [s for s in statements if "JOIN fold" in s]
    chat.customer(desk.now(-1))
    with counted_statements() as statements:
        await publisher.send()
    assert len([s for s in statements if "JOIN fold" in s]) == 1


async def test_another_event_reads_no_old_fact(desk, publisher, reads):
    chat = await long_chat(desk, publisher)
    reads.clear()
    for turn in range(6):
        (chat.customer if turn % 2 else chat.agent)(desk.now(turn - 900))
        await publisher.send()
    assert reads == []


async def test_extending_a_fold_leaves_nothing_for_a_complete_fold_to_correct(
    service, desk, publisher, reads, *, fold_all
):
    chat = await long_chat(desk, publisher)
    chat.agent(desk.now(-995))
    await publisher.send()
    chat.agent(desk.now(-1500))  # late
    await publisher.send()
    chat.status("waiting", desk.now(-800), "pending").customer(desk.now(-700))
    await publisher.send()
    chat.snapshot["customer_id"] = str(uuid4())
    chat.status("resumed", desk.now(-690), "open").agent(desk.now(-600))
    await publisher.send()
    chat.status("resolved", desk.now(-500), "resolved")
    await publisher.send()
    chat.status("reopened", desk.now(-400), "open").customer(desk.now(-390))
    await publisher.send()
    clocks, events = await clocks_of(desk, chat), await desk.events(chat.id)
    reads.clear()
    await fold_all(chat)
    assert reads == [1]
    assert await clocks_of(desk, chat) == clocks
    assert await desk.events(chat.id) == events


async def test_facts_that_were_rolled_back_do_not_count_as_read(
    service, desk, publisher, reads, monkeypatch, *, fold_all
):
    chat = await long_chat(desk, publisher)
    clocks = await clocks_of(desk, chat)
    chat.agent(desk.now(-995))
    lost = publisher.records()
    with monkeypatch.context() as broken:
        broken.setattr("common.messaging.inbox.claims.move", fenced)
        with pytest.raises(FencedError):
            await publisher.consume(lost)
    assert await clocks_of(desk, chat) == clocks
    chat.customer(desk.now(-990))
    await publisher.send()
    events = await desk.events(chat.id)
    await fold_all(chat)
    assert await desk.events(chat.id) == events


async def fenced(*_):
    raise FencedError("another process owns the partition now")


@pytest.fixture
def facts_read(monkeypatch) -> list[int]:
    """The sequences of the facts that were read, from their own rows or with a checkpoint."""
    counted: list[int] = []
    from_row, from_values = conversations._fact, states.fact_of_values

    def counting_row(row):
        counted.append(row.sequence)
        return from_row(row)

    def counting_values(values):
        counted.append(values[0])
        return from_values(values)

    monkeypatch.setattr(conversations, "_fact", counting_row)
    monkeypatch.setattr(checkpoint, "fact_of_values", counting_values)
    return counted


async def endless_chat(publisher: Publisher, began: datetime, *, answered: int) -> Conversation:
    """Return a conversation of many messages, two seconds apart; one of ``answered`` is ours."""
    chat = publisher.conversation().opened(began)
    for turn in range(MESSAGES):
        is_answer = turn % answered == answered - 1
        (chat.agent if is_answer else chat.customer)(began + timedelta(seconds=2 * turn))
        if turn % 500 == 499:
            await publisher.send()
    return chat


@pytest.mark.parametrize("answered", [2, 10, MESSAGES + 1])
async def test_after_a_restart_and_for_a_late_fact_few_facts_are_read(
    service, desk, publisher, facts_read, answered, *, fold_all
):
    began = desk.now(-3 * MESSAGES)
    chat = await endless_chat(publisher, began, answered=answered)
    facts_read.clear()
    await service.database.run(rename_ledger, chat.id)  # what is in memory does not count
    chat.customer(desk.now())
    await publisher.send()
    assert len(facts_read) <= 3 * SPACING.facts
    # Between an answer and the next question, or early in a monologue.
    late_at = began + timedelta(seconds=2 * min(answered, 10) - 1)
    for late, at in ((chat.agent, late_at), (chat.customer, late_at + timedelta(seconds=0.5))):
        facts_read.clear()
        late(at)
        await publisher.send()
        assert 0 < len(facts_read) <= 5 * SPACING.facts
    clocks, events = await clocks_of(desk, chat), await desk.events(chat.id)
    await fold_all(chat)
    assert await clocks_of(desk, chat) == clocks
    assert await desk.events(chat.id) == events


async def test_a_late_wait_changes_no_other_clock(desk, publisher, facts_read, fold_all):
    began = desk.now(-3 * MESSAGES)
    chat = await endless_chat(publisher, began, answered=2)
    before = await clocks_of(desk, chat)
    assert len(before) > MESSAGES // 3
    facts_read.clear()
    late_at = began + timedelta(seconds=2 * 101 + 0.5)  # between an answer and a question
    with counted_statements() as statements:
        chat.customer(late_at).agent(late_at + timedelta(seconds=0.5))
        await publisher.send()
    assert 0 < len(facts_read) <= 3 * SPACING.facts
    assert len([s for s in statements if "INTO clock" in s]) == 1
    clocks = await clocks_of(desk, chat)
    assert [row for row in before if row not in clocks] == []
    assert len(clocks) == len(before) + 1
    events = await desk.events(chat.id)
    await fold_all(chat)
    assert await clocks_of(desk, chat) == clocks
    assert await desk.events(chat.id) == events


async def test_the_row_of_a_clock_does_not_grow_with_its_pauses(api, desk, publisher, fold_all):
    began = desk.now(-3 * MESSAGES)
    chat = publisher.conversation().opened(began).customer(began).agent(began)
    for turn in range(2 * MAX_LISTED):
        chat.status("waiting", began + timedelta(seconds=2 * turn + 1), "pending")
        chat.status("resumed", began + timedelta(seconds=2 * turn + 2), "open")
    await publisher.send()
    [resolution] = await desk.rows(
        "SELECT clock_id, jsonb_array_length(pauses) AS listed FROM clock"
        " WHERE metric = 'resolution'"
    )
    assert 0 < resolution.listed <= MAX_LISTED
    clock = (await api.get(f"/v1/sla/clocks/{resolution.clock_id}")).json()
    counted = clock["explanation"]
    assert len(counted["pauses"]) == resolution.listed
    assert counted["earlier_pauses"] == 2 * MAX_LISTED - resolution.listed
    assert clock["trace"]["truncated"]
    assert f"{2 * MAX_LISTED} pauses of" in clock["summary"]
    clocks, events = await clocks_of(desk, chat), await desk.events(chat.id)
    await fold_all(chat)
    assert await clocks_of(desk, chat) == clocks
    assert await desk.events(chat.id) == events


async def test_an_uncovered_conversation_reads_few_facts_and_is_covered_by_a_new_policy(
    api, desk, publisher, facts_read, policy
):
    path = f"/v1/sla/policies/{policy['policy_id']}"
    chat = publisher.conversation(priority="low", channel="chat")
    narrow = {**POLICY, "conditions": {"all": [{"field": "priority", "op": "eq", "value": "high"}]}}
    answer = await api.put(path, json=narrow, headers={"If-Match": "*"})
    assert answer.status_code == 200, answer.text
    chat.opened(desk.now(-2 * MESSAGES))
    for turn in range(3 * SPACING.facts):
        chat.customer(desk.now(turn - MESSAGES))
        if turn % 100 == 99:
            await publisher.send()
    facts_read.clear()
    chat.customer(desk.now(-1))
    await publisher.send()
    assert len(facts_read) <= 2 * SPACING.facts
    assert await clocks_of(desk, chat) == []
    chat.snapshot["priority"] = "high"
    chat.event("conversation.prioritised", desk.now(), previous_priority="low")
    await publisher.send()
    assert {row[4] for row in await clocks_of(desk, chat)} == {"first_response", "resolution"}


async def test_a_conversation_of_the_version_before_gets_its_checkpoints(
    service, desk, publisher, reads, *, fold_all
):
    chat = await long_chat(desk, publisher)
    chat.agent(desk.now(-995))
    await publisher.send()
    clocks = await clocks_of(desk, chat)
    await service.database.run(forget_openers, chat.id)
    await fold_all(chat)
    assert await clocks_of(desk, chat) == clocks
    reads.clear()
    chat.customer(desk.now(-1895.5))  # late
    await publisher.send()
    assert reads == []
    events, clocks = await desk.events(chat.id), await clocks_of(desk, chat)
    await fold_all(chat)
    assert await clocks_of(desk, chat) == clocks
    assert await desk.events(chat.id) == events
