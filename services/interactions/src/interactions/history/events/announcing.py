"""The published event of each change."""

from datetime import datetime
from operator import attrgetter
from typing import Any

from common.messaging import EventData, OutboxEvent
from interactions.history.domain.conversation import Change, ChangeType, Conversation
from interactions.history.domain.interaction import UNCHANGED_FIELDS
from interactions.history.domain.placement import Placement
from interactions.history.events import published

_CHANGES: dict[ChangeType, type[published.ConversationChanged]] = {
    ChangeType.ASSIGNED: published.ConversationAssignedV1,
    ChangeType.PRIORITISED: published.ConversationPrioritisedV1,
    ChangeType.TAGGED: published.ConversationTaggedV1,
    ChangeType.WAITING: published.ConversationWaitingV1,
    ChangeType.RESUMED: published.ConversationResumedV1,
    ChangeType.RESOLVED: published.ConversationResolvedV1,
    ChangeType.REOPENED: published.ConversationReopenedV1,
    ChangeType.CLOSED: published.ConversationClosedV1,
}

_SNAPSHOT = tuple(
    name for name in published.ConversationSnapshot.model_fields if name != "backfill"
)
_REPORTED = tuple(
    name
    for name in published.InteractionRecordedV1.model_fields
    if name in UNCHANGED_FIELDS and name not in published.ConversationSnapshot.model_fields
)
_snapshot_values = attrgetter(*_SNAPSHOT)
_reported_values = attrgetter(*_REPORTED)


def event_of(
    tenant_id: str,
    change: Change,
    *,
    sequence: int,
    placed: Placement | None,
    now: datetime,
    traceparent: str | None = None,
) -> OutboxEvent:
    """Return the event of a change. ``sequence`` is its place in the change feed.

    ``placed`` is the interaction that the change records, if it records one; ``traceparent`` its
    cause, when that is not the current span.
    """
    key = str(change.conversation.conversation_id)
    return OutboxEvent(
        data=_data(change, sequence, placed),
        tenant_id=tenant_id,
        key=key,
        subject_id=key,
        sequence=change.conversation.version,
        occurred_at=change.occurred_at,
        now=now,
        traceparent=traceparent,
    )


def _data(change: Change, sequence: int, placed: Placement | None) -> EventData:
    snapshot = _snapshot(change.conversation, backfill=change.backfill)
    if change.type is ChangeType.RECORDED and placed is not None:
        return _recorded(snapshot, placed, sequence)
    if change.type is ChangeType.OPENED:
        return published.ConversationOpenedV1(
            **snapshot, subject=change.conversation.subject, opened_by=change.actor_type
        )
    if change.type is ChangeType.ATTACHED and change.interaction_id is not None:
        return published.InteractionAttachedV1(
            **snapshot,
            interaction_id=change.interaction_id,
            origin_customer_id=change.customer_id,
        )
    return _CHANGES[change.type](
        **snapshot, previous_status=change.previous_status, actor_type=change.actor_type
    )


def _recorded(
    snapshot: dict[str, Any], placed: Placement, sequence: int
) -> published.InteractionRecordedV1:
    draft = placed.item.draft
    provider = draft.provider
    return published.InteractionRecordedV1(
        **snapshot,
        **dict(zip(_REPORTED, _reported_values(draft), strict=True)),
        interaction_id=placed.item.interaction_id,
        interaction_sequence=sequence,
        author_type=draft.author.type,
        author_id=draft.author.id,
        author_name=draft.author.name,
        provider=None if provider is None else provider._asdict(),
        origin_customer_id=placed.customer_id,
    )


def _snapshot(conversation: Conversation, *, backfill: bool) -> dict[str, Any]:
    """Return the published fields of a conversation, each from the field of its name."""
    values = _snapshot_values(conversation)
    return dict(zip(_SNAPSHOT, values, strict=True), backfill=backfill)
