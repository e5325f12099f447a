"""Change a conversation's status, priority, assignment or tags."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common.db import Transaction
from common.errors import NotFoundError
from common.etags import ExpectedEtag
from common.messaging import outbox
from interactions.history.domain.change import Wishes, plan_change
from interactions.history.domain.conversation import Conversation
from interactions.history.events.announcing import event_of
from interactions.history.store import changes, conversations


@dataclass(frozen=True, slots=True)
class ChangeConversation:
    """With ``expected`` the conversation changes only if it is still in the state of that tag."""

    tenant_id: str
    conversation_id: UUID
    wishes: Wishes
    expected: ExpectedEtag | None = None
    actor_type: str = "agent"


async def change_conversation(
    tx: Transaction, command: ChangeConversation, *, now: datetime
) -> Conversation:
    """Make the wishes true and return the conversation; what is true already changes nothing.

    Raises NotFoundError, PreconditionError when the conversation has another tag than expected, and
    ConflictError for a status that cannot be reached.
    """
    ids = [command.conversation_id]
    found = await conversations.lock_conversations(tx, command.tenant_id, ids)
    conversation = found.get(command.conversation_id)
    if conversation is None:
        raise NotFoundError("there is no such conversation")
    if command.expected is not None:
        command.expected.check(*conversation.etag_parts)
    steps = plan_change(conversation, command.wishes, now=now, actor_type=command.actor_type)
    if not steps:
        return conversation
    changed = steps[-1].conversation
    numbers = await changes.insert_changes(tx, command.tenant_id, steps, now=now)
    await conversations.save_conversations(tx, command.tenant_id, [changed])
    events = [
        event_of(command.tenant_id, step, sequence=number, placed=None, now=now)
        for step, number in zip(steps, numbers, strict=True)
    ]
    await outbox.record(tx, events)
    return changed
