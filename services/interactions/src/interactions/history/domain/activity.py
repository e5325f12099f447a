"""What an interaction does to its conversation."""

from datetime import datetime
from uuid import UUID

from interactions.history.domain.conversation import (
    RESTING,
    Change,
    ChangeType,
    Conversation,
    Status,
    status_change_type,
    with_status,
)
from interactions.history.domain.interaction import Direction, Draft


def open_conversation(
    draft: Draft,
    *,
    conversation_id: UUID,
    customer_id: UUID | None,
    contact_key: str | None,
    occurred_at: datetime,
    follows_id: UUID | None,
) -> Conversation:
    """Return the conversation that ``draft`` opens, without the interaction itself.

    Imported history opens as resolved, so that it appears in no queue.
    """
    return Conversation(
        conversation_id=conversation_id,
        origin_customer_id=customer_id,
        customer_id=customer_id,
        contact_key=contact_key,
        channel=draft.channel,
        channel_account=draft.channel_account,
        status=_first_status(draft),
        version=1,
        opened_at=occurred_at,
        last_activity_at=occurred_at,
        **draft.opening._asdict(),
        subject=draft.subject,
        resolved_at=occurred_at if draft.backfill else None,
        follows_id=follows_id,
    )


def add_interaction(
    conversation: Conversation, draft: Draft, *, occurred_at: datetime
) -> tuple[Conversation, list[Change]]:
    """Return the conversation with the interaction in it, and the changes to announce.

    The first change is the interaction itself. A customer's message also resumes a pending
    conversation and reopens a resolved one.
    """
    grown = _counted(conversation, draft, occurred_at)
    if draft.answers and not draft.backfill and grown.status is Status.NEW:
        grown = with_status(grown, Status.OPEN, at=occurred_at)
    changes = [_change(ChangeType.RECORDED, grown, draft, occurred_at)]
    if draft.wants_attention and (grown.status in RESTING or grown.status is Status.RESOLVED):
        previous = grown.status
        grown = with_status(grown, Status.OPEN, at=occurred_at)._replace(version=grown.version + 1)
        reopening = status_change_type(previous, Status.OPEN)
        changes.append(_change(reopening, grown, draft, occurred_at, previous_status=previous))
    return grown, changes


def opening_change(conversation: Conversation, draft: Draft) -> Change:
    """Return the change that announces a new conversation."""
    return _change(ChangeType.OPENED, conversation, draft, conversation.opened_at)


def _first_status(draft: Draft) -> Status:
    if draft.backfill:
        return Status.RESOLVED
    return Status.NEW if draft.direction is Direction.INBOUND else Status.OPEN


def _change(
    type_: ChangeType,
    conversation: Conversation,
    draft: Draft,
    occurred_at: datetime,
    *,
    previous_status: Status | None = None,
) -> Change:
    return Change(
        type=type_,
        conversation=conversation,
        occurred_at=occurred_at,
        actor_type=draft.author.type,
        previous_status=previous_status,
        backfill=draft.backfill,
    )


def _counted(conversation: Conversation, draft: Draft, at: datetime) -> Conversation:
    public = not draft.private
    inbound = public and draft.direction is Direction.INBOUND
    outbound = public and draft.direction is Direction.OUTBOUND
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
    """Return the time of the customer's oldest public message without an answer.

    A late arrival counts by its own time: a message older than our last answer is answered.
    """
    waiting = conversation.waiting_since
    if draft.wants_attention:
        answered = conversation.last_outbound_at
        return waiting if answered is not None and at <= answered else _earliest(waiting, at)
    if draft.direction is Direction.OUTBOUND and not draft.private and not draft.automated:
        if waiting is None or at < waiting:
            return waiting
        # Messages after this answer still wait; the time of the latest is the only one we have.
        last = conversation.last_inbound_at
        return last if last is not None and last > at else None
    return waiting


def _latest(current: datetime | None, new: datetime | None) -> datetime | None:
    return new if current is None else current if new is None else max(current, new)


def _earliest(current: datetime | None, new: datetime | None) -> datetime | None:
    return new if current is None else current if new is None else min(current, new)
