"""Move interactions to the customer who turned out to have said them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common.db import Transaction
from interactions.history.domain.conversation import Conversation
from interactions.history.store import conversations, unresolved
from interactions.history.usecases.attach_interactions import save_attached


@dataclass(frozen=True, slots=True)
class MoveInteractions:
    """Interactions of ``from_id`` go to ``to_id``; so do conversations of these contacts."""

    tenant_id: str
    from_id: UUID
    to_id: UUID
    conversations: Mapping[UUID, UUID]
    """By interaction, its conversation."""
    contact_keys: frozenset[str]


@dataclass(frozen=True, slots=True)
class Moved:
    """How many interactions were moved, and which conversations went along."""

    interactions: int
    conversation_ids: Sequence[UUID]


async def move_interactions(tx: Transaction, command: MoveInteractions, *, now: datetime) -> Moved:
    """File interactions under another customer, and announce each as attached.

    Those that have been moved already stay where they are.
    """
    ids = sorted(set(command.conversations.values()))
    before = await conversations.lock_conversations(tx, command.tenant_id, ids)
    after = {
        conversation_id: _moved(conversation, command)
        for conversation_id, conversation in before.items()
    }
    customers = dict.fromkeys(command.conversations, command.to_id)
    attached = await unresolved.save_customers(
        tx, command.tenant_id, customers, from_id=command.from_id
    )
    await save_attached(tx, command.tenant_id, after, attached, now)
    gone = [i for i, each in before.items() if _moved(each, command) != each]
    return Moved(len(attached), gone)


def _moved(conversation: Conversation, command: MoveInteractions) -> Conversation:
    if (
        conversation.contact_key not in command.contact_keys
        or conversation.customer_id == command.to_id
    ):
        return conversation
    return conversation._replace(origin_customer_id=command.to_id, customer_id=command.to_id)
