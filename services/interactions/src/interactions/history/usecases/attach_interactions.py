"""Give interactions the customer that they arrived without."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common.db import Transaction
from common.messaging import outbox
from interactions.history.domain.contact import Identifier
from interactions.history.domain.conversation import Conversation, Step, Told
from interactions.history.events.announcing import event_of
from interactions.history.store import changes, conversations, identifiers, unresolved
from interactions.history.store import interactions as store
from interactions.history.store.unresolved import Attached


@dataclass(frozen=True, slots=True)
class Attachment:
    """What identity said about one interaction; ``customer_id`` is canonical."""

    interaction_id: UUID
    conversation_id: UUID
    customer_id: UUID
    learned: tuple[Identifier, ...] = ()


@dataclass(frozen=True, slots=True)
class AttachInteractions:
    """Answers about unresolved interactions of one tenant; ``refused`` maps ids to reasons."""

    tenant_id: str
    attachments: Sequence[Attachment]
    refused: Mapping[UUID, str]


async def attach_interactions(
    tx: Transaction, command: AttachInteractions, *, now: datetime
) -> int:
    """File interactions, and conversations without a customer, under theirs; tell of each.

    What somebody else has attached meanwhile is left alone. Returns how many were attached.
    """
    tenant_id = command.tenant_id
    await unresolved.mark_refused(tx, tenant_id, command.refused)
    if not command.attachments:
        return 0
    wanted = sorted({a.conversation_id for a in command.attachments})
    before = await conversations.lock_conversations(tx, tenant_id, wanted)
    ids = [a.interaction_id for a in command.attachments]
    taken = await unresolved.delete_unresolved(tx, tenant_id, ids)
    answers = [a for a in command.attachments if a.interaction_id in taken]
    after = _adopted(before, answers)
    customers = {a.interaction_id: a.customer_id for a in answers}
    customers |= await _followers(tx, tenant_id, after)
    attached = await unresolved.save_customers(tx, tenant_id, customers)
    await _tell(tx, tenant_id, after, attached, now)
    learned = [(a.customer_id, a.learned) for a in answers]
    await identifiers.save_identifiers(tx, tenant_id, learned, now=now)
    return len(attached)


def _adopted(
    before: Mapping[UUID, Conversation], answers: Sequence[Attachment]
) -> dict[UUID, Conversation]:
    """Return the conversations; those without a customer get the one of their first answer."""
    after = dict(before)
    for answer in answers:
        found = after[answer.conversation_id]
        if found.origin_customer_id is None:
            after[answer.conversation_id] = found._replace(
                origin_customer_id=answer.customer_id, customer_id=answer.customer_id
            )
    return after


async def _followers(
    tx: Transaction, tenant_id: str, conversations_by_id: Mapping[UUID, Conversation]
) -> dict[UUID, UUID]:
    found = await unresolved.find_followers(tx, tenant_id, list(conversations_by_id))
    customers = {i: conversations_by_id[c].customer_id for i, c in found.items()}
    return {interaction: c for interaction, c in customers.items() if c is not None}


async def _tell(
    tx: Transaction,
    tenant_id: str,
    after: dict[UUID, Conversation],
    attached: Sequence[Attached],
    now: datetime,
) -> None:
    steps = []
    for one in attached:
        grown = after[one.conversation_id]
        grown = grown._replace(version=grown.version + 1)
        after[one.conversation_id] = grown
        steps.append(
            Step(
                told=Told.ATTACHED,
                conversation=grown,
                occurred_at=now,
                actor_type="system",
                interaction_id=one.interaction_id,
                customer_id=one.customer_id,
                backfill=one.backfill,
            )
        )
    keys = {a.provider: a.customer_id for a in attached if a.provider is not None}
    await store.save_claim_customers(tx, tenant_id, keys)
    await conversations.save_conversations(tx, tenant_id, list(after.values()))
    numbers = await changes.insert_changes(tx, tenant_id, steps, now=now)
    events = [
        event_of(tenant_id, step, sequence=number, placed=None, now=now)
        for step, number in zip(steps, numbers, strict=True)
    ]
    await outbox.record(tx, events)
