"""An event of a long conversation costs no more than one of a short one, with equal results."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from common.messaging.inbox.claims import FencedError
from services.sla.tests.harness import Conversation, Desk, Publisher
from sla.clocks.memory import LONG
from sla.clocks.store import conversations

pytestmark = pytest.mark.usefixtures("policy")


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


async def fold_all(service, publisher: Publisher, chat: Conversation) -> None:
    """Fold all facts of the conversation, by an event that is not a fact."""
    await service.database.run(rename_ledger, chat.id)
    chat.event("interaction.recorded", service.clock.now(), kind="system", direction="internal",
               author_type="system", interaction_id=str(uuid4()))  # fmt: skip
    await publisher.send()


async def rename_ledger(tx: AsyncConnection, chat_id: UUID) -> None:
    """Change the ledger as another process does when it adds a fact."""
    statement = "UPDATE conversation SET ledger = gen_random_uuid() WHERE conversation_id = :id"
    await tx.execute(text(statement), {"id": chat_id})


async def test_another_event_reads_no_old_fact(desk, publisher, reads):
    chat = await long_chat(desk, publisher)
    reads.clear()
    for turn in range(6):
        (chat.customer if turn % 2 else chat.agent)(desk.now(turn - 900))
        await publisher.send()
    assert reads == []


async def test_extending_a_fold_leaves_nothing_for_a_complete_fold_to_correct(
    service, desk, publisher, reads
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
    await fold_all(service, publisher, chat)
    assert reads == [1]
    assert await clocks_of(desk, chat) == clocks
    assert await desk.events(chat.id) == events


async def test_facts_that_were_rolled_back_do_not_count_as_read(
    service, desk, publisher, reads, monkeypatch
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
    await fold_all(service, publisher, chat)
    assert await desk.events(chat.id) == events


async def fenced(*_):
    raise FencedError("another process owns the partition now")
