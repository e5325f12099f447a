"""Give interactions the customer that they arrived without."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common.db import Transaction
from common.messaging import outbox
from interactions.history.domain.contact import Identifier
from interactions.history.domain.conversation import Change, ChangeType, Conversation
from interactions.history.domain.interaction import AuthorType
from interactions.history.domain.tiers import with_tier
from interactions.history.events.announcing import event_of
from interactions.history.store import change_feed, conversations, identifiers, unresolved
from interactions.history.store import interactions as store
from interactions.history.store.tiers import find_tiers
from interactions.history.store.unresolved import Attached


@dataclass(frozen=True, slots=True)
class Attachment:
    """The resolution of one interaction; ``customer_id`` is canonical."""

    interaction_id: UUID
    conversation_id: UUID
    customer_id: UUID
    learned: tuple[Identifier, ...] = ()


@dataclass(frozen=True, slots=True)
class AttachInteractions:
    """Resolutions of interactions of one tenant; ``refused`` maps the others' ids to reasons."""

    tenant_id: str
    attachments: Sequence[Attachment]
    refused: Mapping[UUID, str]
    erased: Sequence[UUID] = ()
    """Those whose senders are erased: they are deleted."""


async def attach_interactions(
    tx: Transaction, command: AttachInteractions, *, now: datetime
) -> int:
    """File interactions, and conversations without a customer, under theirs; announce each.

    Interactions that are already attached stay as they are. Returns how many were attached.
    """
    tenant_id = command.tenant_id
    await unresolved.mark_refused(tx, tenant_id, command.refused)
    if command.erased:
        await unresolved.delete_interactions(tx, tenant_id, command.erased)
    if not command.attachments:
        return 0
    ids = sorted({a.conversation_id for a in command.attachments})
    before = await conversations.lock_conversations(tx, tenant_id, ids)
    waiting = await unresolved.delete_unresolved(
        tx, tenant_id, [a.interaction_id for a in command.attachments]
    )
    attachments = [a for a in command.attachments if a.interaction_id in waiting]
    after = _adopted(before, attachments)
    named = {each.customer_id for each in after.values() if each.customer_id is not None}
    tiers = await find_tiers(tx, tenant_id, named)
    after = {i: with_tier(conversation, tiers) for i, conversation in after.items()}
    customers = {a.interaction_id: a.customer_id for a in attachments}
    customers |= await _followers(tx, tenant_id, after)
    attached = await unresolved.save_customers(tx, tenant_id, customers)
    await save_attached(tx, tenant_id, after, attached, now)
    learned = [(a.customer_id, a.learned) for a in attachments]
    await identifiers.save_identifiers(tx, tenant_id, learned, now=now)
    return len(attached)


def _adopted(
    before: Mapping[UUID, Conversation], attachments: Sequence[Attachment]
) -> dict[UUID, Conversation]:
    """Return the conversations; those without a customer get that of their first attachment."""
    after = dict(before)
    for attachment in attachments:
        conversation = after[attachment.conversation_id]
        if conversation.origin_customer_id is None:
            after[attachment.conversation_id] = conversation._replace(
                origin_customer_id=attachment.customer_id, customer_id=attachment.customer_id
            )
    return after


async def _followers(
    tx: Transaction, tenant_id: str, conversations_by_id: Mapping[UUID, Conversation]
) -> dict[UUID, UUID]:
    followers = await unresolved.find_followers(tx, tenant_id, list(conversations_by_id))
    customers = {i: conversations_by_id[c].customer_id for i, c in followers.items()}
    return {interaction: c for interaction, c in customers.items() if c is not None}


async def save_attached(
    tx: Transaction,
    tenant_id: str,
    after: dict[UUID, Conversation],
    attached: Sequence[Attached],
    now: datetime,
) -> None:
    """Save locked conversations, and announce each interaction that has another customer now."""
    changes = []
    for interaction in attached:
        grown = after[interaction.conversation_id]
        grown = grown._replace(version=grown.version + 1)
        after[interaction.conversation_id] = grown
        changes.append(
            Change(
                type=ChangeType.ATTACHED,
                conversation=grown,
                occurred_at=now,
                actor_type=AuthorType.SYSTEM,
                interaction_id=interaction.interaction_id,
                customer_id=interaction.customer_id,
                backfill=interaction.backfill,
            )
        )
    keys = {a.provider: a.customer_id for a in attached if a.provider is not None}
    await store.save_claim_customers(tx, tenant_id, keys)
    await conversations.save_conversations(tx, tenant_id, list(after.values()))
    numbers = await change_feed.insert_changes(tx, tenant_id, changes, now=now)
    events = [
        event_of(tenant_id, change, sequence=number, placed=None, now=now)
        for change, number in zip(changes, numbers, strict=True)
    ]
    await outbox.record(tx, events)
