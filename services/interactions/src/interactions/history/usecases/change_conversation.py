"""Change a conversation's status, priority, assignment or tags."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common.db import Transaction
from common.errors import NotFoundError
from common.etags import ExpectedEtag
from common.messaging import outbox
from interactions.history.domain.conversation import Conversation
from interactions.history.domain.edit import ConversationEdit, plan_edit
from interactions.history.domain.interaction import AuthorType
from interactions.history.events.announcing import event_of
from interactions.history.store import change_feed, conversations


@dataclass(frozen=True, slots=True)
class ChangeConversation:
    """With ``expected`` the conversation changes only if it is still in the state of that tag."""

    tenant_id: str
    conversation_id: UUID
    edit: ConversationEdit
    expected: ExpectedEtag | None = None
    actor_type: AuthorType = AuthorType.AGENT


async def change_conversation(
    tx: Transaction, command: ChangeConversation, *, now: datetime
) -> Conversation:
    """Apply the edit and return the conversation; an edit without effect changes nothing.

    Raises NotFoundError, PreconditionError when the conversation has another tag than expected, and
    ConflictError for a status that cannot be reached.
    """
    ids = [command.conversation_id]
    locked = await conversations.lock_conversations(tx, command.tenant_id, ids)
    conversation = locked.get(command.conversation_id)
    if conversation is None:
        raise NotFoundError("there is no such conversation")
    if command.expected is not None:
        command.expected.check(*conversation.etag_parts)
    changes = plan_edit(conversation, command.edit, now=now, actor_type=command.actor_type)
    if not changes:
        return conversation
    changed = changes[-1].conversation
    numbers = await change_feed.insert_changes(tx, command.tenant_id, changes, now=now)
    await conversations.save_conversations(tx, command.tenant_id, [changed])
    events = [
        event_of(command.tenant_id, change, sequence=number, placed=None, now=now)
        for change, number in zip(changes, numbers, strict=True)
    ]
    await outbox.record(tx, events)
    return changed
