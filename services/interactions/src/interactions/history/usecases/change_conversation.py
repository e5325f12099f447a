"""Change a conversation's status, priority, assignment or tags."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common.db import Transaction
from common.errors import NotFoundError
from common.messaging import outbox
from interactions.history.domain.change import Wishes, plan_change
from interactions.history.domain.conversation import Conversation
from interactions.history.events.announcing import event_of
from interactions.history.store import changes, conversations


@dataclass(frozen=True, slots=True)
class ChangeConversation:
    """``check`` sees the conversation as it is and may raise PreconditionError."""

    tenant_id: str
    conversation_id: UUID
    wishes: Wishes
    check: Callable[[Conversation], None]
    actor_type: str = "agent"


async def change_conversation(
    tx: Transaction, command: ChangeConversation, *, now: datetime
) -> Conversation:
    """Make the wishes true and return the conversation; what is true already changes nothing.

    Raises NotFoundError, ConflictError for a status that cannot be reached, and whatever the
    command's check raises.
    """
    ids = [command.conversation_id]
    found = await conversations.lock_conversations(tx, command.tenant_id, ids)
    conversation = found.get(command.conversation_id)
    if conversation is None:
        raise NotFoundError("there is no such conversation")
    command.check(conversation)
    steps = plan_change(conversation, command.wishes, now=now, actor_type=command.actor_type)
    if not steps:
        return conversation
    changed = steps[-1].conversation
    numbers = await changes.append(tx, command.tenant_id, steps, now=now)
    await conversations.save_conversations(tx, command.tenant_id, [changed])
    events = [
        event_of(command.tenant_id, step, sequence=number, placed=None, now=now)
        for step, number in zip(steps, numbers, strict=True)
    ]
    await outbox.record(tx, events)
    return changed
