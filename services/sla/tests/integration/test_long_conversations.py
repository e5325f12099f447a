"""A conversation of many facts costs no more per event than a short one, and ends the same."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from common.messaging.inbox.claims import FencedError
from services.sla.tests.running import Conversation, Desk, Source
from sla.clocks.store import conversations
from sla.clocks.usecases.folds import LONG

pytestmark = pytest.mark.usefixtures("policy")


@pytest.fixture
def reads(monkeypatch) -> list[int]:
    """Of how many conversations all facts were read, time after time."""
    counted: list[int] = []
    read = conversations.facts_of

    async def counting(tx, keys):
        counted.append(len(keys))
        return await read(tx, keys)

    monkeypatch.setattr(conversations, "facts_of", counting)
    return counted


async def long_chat(desk: Desk, source: Source) -> Conversation:
    """Return a conversation whose fold is kept."""
    chat = source.conversation().opened(desk.now(-2000))
    for turn in range(LONG):
        (chat.agent if turn % 2 else chat.customer)(desk.now(turn - 1900))
    await source.send()
    chat.customer(desk.now(-1000))
    await source.send()
    return chat


async def clocks_of(desk: Desk, chat: Conversation) -> list[tuple]:
    rows = await desk.rows(
        "SELECT * FROM clock WHERE conversation_id = :id ORDER BY metric, cycle", id=chat.id
    )
    return [tuple(row) for row in rows]


async def fold_anew(service, source: Source, chat: Conversation) -> None:
    """Have the conversation folded from nothing kept, by an event that is no fact."""
    await service.database.run(rename_ledger, chat.id)
    chat.event("interaction.recorded", service.clock.now(), kind="system", direction="internal",
               author_type="system", interaction_id=str(uuid4()))  # fmt: skip
    await source.send()


async def rename_ledger(tx: AsyncConnection, chat_id: UUID) -> None:
    """Do what another process would that added a fact."""
    statement = "UPDATE conversation SET ledger = gen_random_uuid() WHERE conversation_id = :id"
    await tx.execute(text(statement), {"id": chat_id})


async def test_one_more_event_reads_no_old_fact(desk, source, reads):
    chat = await long_chat(desk, source)
    reads.clear()
    for turn in range(6):
        (chat.customer if turn % 2 else chat.agent)(desk.now(turn - 900))
        await source.send()
    assert reads == []


async def test_going_on_leaves_nothing_that_folding_anew_would_correct(
    service, desk, source, reads
):
    chat = await long_chat(desk, source)
    chat.agent(desk.now(-995))
    await source.send()
    chat.agent(desk.now(-1500))  # late
    await source.send()
    chat.status("waiting", desk.now(-800), "pending").customer(desk.now(-700))
    await source.send()
    chat.snapshot["customer_id"] = str(uuid4())
    chat.status("resumed", desk.now(-690), "open").agent(desk.now(-600))
    await source.send()
    chat.status("resolved", desk.now(-500), "resolved")
    await source.send()
    chat.status("reopened", desk.now(-400), "open").customer(desk.now(-390))
    await source.send()
    held, told = await clocks_of(desk, chat), await desk.events(chat.id)
    reads.clear()
    await fold_anew(service, source, chat)
    assert reads == [1]
    assert await clocks_of(desk, chat) == held
    assert await desk.events(chat.id) == told


async def test_what_was_rolled_back_is_not_taken_for_read(
    service, desk, source, reads, monkeypatch
):
    chat = await long_chat(desk, source)
    held = await clocks_of(desk, chat)
    chat.agent(desk.now(-995))
    lost = source.records()
    with monkeypatch.context() as broken:
        broken.setattr("common.messaging.inbox.claims.move", fenced)
        with pytest.raises(FencedError):
            await source._handler.handle(source._offset, lost)
    assert await clocks_of(desk, chat) == held
    chat.customer(desk.now(-990))
    await source.send()
    told = await desk.events(chat.id)
    await fold_anew(service, source, chat)
    assert await desk.events(chat.id) == told


async def fenced(*_):
    raise FencedError("somebody else owns the partition now")
