"""What one more interaction does to its conversation."""

from datetime import datetime
from uuid import UUID

from interactions.history.domain.conversation import (
    RESTING,
    Conversation,
    Step,
    Told,
    told_of_status,
    with_status,
)
from interactions.history.domain.interaction import Draft


def open_conversation(
    draft: Draft,
    *,
    conversation_id: UUID,
    customer_id: UUID | None,
    contact_key: str | None,
    occurred_at: datetime,
    follows_id: UUID | None,
) -> Conversation:
    """Return the conversation that ``draft`` begins; the interaction itself is not yet in it.

    Imported history opens as resolved, so that it lands in nobody's queue.
    """
    status = "resolved" if draft.backfill else "new" if draft.direction == "inbound" else "open"
    opening = draft.opening
    return Conversation(
        conversation_id=conversation_id,
        origin_customer_id=customer_id,
        customer_id=customer_id,
        contact_key=contact_key,
        channel=draft.channel,
        channel_account=draft.channel_account,
        status=status,
        version=1,
        opened_at=occurred_at,
        last_activity_at=occurred_at,
        priority=opening.priority,
        team=opening.team,
        assignee=opening.assignee,
        tags=opening.tags,
        language=opening.language,
        brand=opening.brand,
        customer_tier=opening.customer_tier,
        subject=draft.subject,
        resolved_at=occurred_at if draft.backfill else None,
        follows_id=follows_id,
    )


def receive(
    conversation: Conversation, draft: Draft, *, occurred_at: datetime
) -> tuple[Conversation, list[Step]]:
    """Put the interaction into the conversation; return it afterwards, and what to tell.

    The customer's own message brings a pending conversation back and opens a resolved one again.
    The first is the interaction's own step.
    """
    grown = _counted(conversation, draft, occurred_at)
    if draft.answers and not draft.backfill and grown.status == "new":
        grown = with_status(grown, "open", at=occurred_at)
    steps = [_step(Told.RECORDED, grown, draft, occurred_at)]
    if draft.wants_attention and (grown.status in RESTING or grown.status == "resolved"):
        previous = grown.status
        grown = with_status(grown, "open", at=occurred_at)._replace(version=grown.version + 1)
        told = told_of_status(previous, "open")
        steps.append(_step(told, grown, draft, occurred_at, previous_status=previous))
    return grown, steps


def opened(conversation: Conversation, draft: Draft) -> Step:
    """Return the step that tells of a new conversation."""
    return _step(Told.OPENED, conversation, draft, conversation.opened_at)


def _step(
    told: Told,
    conversation: Conversation,
    draft: Draft,
    occurred_at: datetime,
    *,
    previous_status: str | None = None,
) -> Step:
    return Step(
        told=told,
        conversation=conversation,
        occurred_at=occurred_at,
        actor_type=draft.author.type,
        previous_status=previous_status,
        backfill=draft.backfill,
    )


def _counted(conversation: Conversation, draft: Draft, at: datetime) -> Conversation:
    public = not draft.private
    inbound = public and draft.direction == "inbound"
    outbound = public and draft.direction == "outbound"
    return conversation._replace(
        version=conversation.version + 1,
        interaction_count=conversation.interaction_count + 1,
        last_activity_at=max(conversation.last_activity_at, at),
        opened_at=min(conversation.opened_at, at),
        last_inbound_at=_latest(conversation.last_inbound_at, at if inbound else None),
        last_outbound_at=_latest(conversation.last_outbound_at, at if outbound else None),
        first_response_at=_earliest(conversation.first_response_at, at if draft.answers else None),
        waiting_since=_waiting_since(conversation, draft, at),
    )


def _waiting_since(conversation: Conversation, draft: Draft, at: datetime) -> datetime | None:
    """Return since when the oldest unanswered public message of the customer waits.

    Late arrivals count by when they happened: a message older than our last answer is answered.
    """
    waiting = conversation.waiting_since
    if draft.wants_attention:
        answered = conversation.last_outbound_at
        return waiting if answered is not None and at <= answered else _earliest(waiting, at)
    if draft.direction == "outbound" and not draft.private and not draft.automated:
        if waiting is None or at < waiting:
            return waiting
        # What came in after this answer went out still waits, from its latest message on.
        last = conversation.last_inbound_at
        return last if last is not None and last > at else None
    return waiting


def _latest(known: datetime | None, new: datetime | None) -> datetime | None:
    return new if known is None else known if new is None else max(known, new)


def _earliest(known: datetime | None, new: datetime | None) -> datetime | None:
    return new if known is None else known if new is None else min(known, new)
