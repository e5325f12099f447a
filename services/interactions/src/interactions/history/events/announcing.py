"""From what the domain decided to what is published."""

from datetime import datetime
from typing import Any

from common.messaging import EventData, OutboxEvent
from interactions.history.domain.conversation import Conversation, Step, Told
from interactions.history.domain.placement import Placed
from interactions.history.events import published

_CHANGES: dict[Told, type[published.ConversationChanged]] = {
    Told.ASSIGNED: published.ConversationAssignedV1,
    Told.PRIORITISED: published.ConversationPrioritisedV1,
    Told.TAGGED: published.ConversationTaggedV1,
    Told.WAITING: published.ConversationWaitingV1,
    Told.RESUMED: published.ConversationResumedV1,
    Told.RESOLVED: published.ConversationResolvedV1,
    Told.REOPENED: published.ConversationReopenedV1,
    Told.CLOSED: published.ConversationClosedV1,
}


def event_of(
    tenant_id: str,
    step: Step,
    *,
    sequence: int,
    placed: Placed | None,
    now: datetime,
    traceparent: str | None = None,
) -> OutboxEvent:
    """Return the event of a step. ``sequence`` is its place in the change feed.

    ``placed`` is the interaction that the step records, if it records one; ``traceparent`` what
    caused it, when that is not the span in hand.
    """
    key = str(step.conversation.conversation_id)
    return OutboxEvent(
        data=_data(step, sequence, placed),
        tenant_id=tenant_id,
        key=key,
        subject_id=key,
        sequence=step.conversation.version,
        occurred_at=step.occurred_at,
        now=now,
        traceparent=traceparent,
    )


def _data(step: Step, sequence: int, placed: Placed | None) -> EventData:
    snapshot = _snapshot(step.conversation, backfill=step.backfill)
    if step.told is Told.RECORDED and placed is not None:
        return _recorded(snapshot, placed, sequence)
    if step.told is Told.OPENED:
        return published.ConversationOpenedV1(
            **snapshot, subject=step.conversation.subject, opened_by=step.actor_type
        )
    if step.told is Told.ATTACHED and step.interaction_id is not None:
        return published.InteractionAttachedV1(**snapshot, interaction_id=step.interaction_id)
    return _CHANGES[step.told](
        **snapshot, previous_status=step.previous_status, actor_type=step.actor_type
    )


def _recorded(
    snapshot: dict[str, Any], placed: Placed, sequence: int
) -> published.InteractionRecordedV1:
    draft = placed.item.draft
    provider = draft.provider
    return published.InteractionRecordedV1(
        **snapshot,
        interaction_id=placed.item.interaction_id,
        interaction_sequence=sequence,
        kind=draft.kind,
        direction=draft.direction,
        author_type=draft.author.type,
        author_id=draft.author.id,
        author_name=draft.author.name,
        private=draft.private,
        automated=draft.automated,
        subject=draft.subject,
        text=draft.text,
        in_reply_to=draft.in_reply_to,
        provider=None if provider is None else provider._asdict(),
        origin_customer_id=placed.customer_id,
    )


def _snapshot(conversation: Conversation, *, backfill: bool) -> dict[str, Any]:
    return {
        "conversation_id": conversation.conversation_id,
        "customer_id": conversation.customer_id,
        "channel": conversation.channel,
        "channel_account": conversation.channel_account,
        "status": conversation.status,
        "priority": conversation.priority,
        "team": conversation.team,
        "assignee": conversation.assignee,
        "tags": list(conversation.tags),
        "language": conversation.language,
        "brand": conversation.brand,
        "customer_tier": conversation.customer_tier,
        "backfill": backfill,
    }
