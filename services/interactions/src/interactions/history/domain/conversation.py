"""A conversation, its statuses, and the changes that are announced of it."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID


class Status(StrEnum):
    """How far the work on a conversation is."""

    NEW = "new"
    OPEN = "open"
    PENDING = "pending"
    ON_HOLD = "on_hold"
    RESOLVED = "resolved"
    CLOSED = "closed"


RESTING = frozenset({Status.PENDING, Status.ON_HOLD})
CLOSED = frozenset({Status.RESOLVED, Status.CLOSED})


class ChangeType(StrEnum):
    """What changed; the value ends the type of the event that announces it."""

    OPENED = "conversation.opened"
    RECORDED = "interaction.recorded"
    ATTACHED = "interaction.attached"
    ASSIGNED = "conversation.assigned"
    PRIORITISED = "conversation.prioritised"
    TAGGED = "conversation.tagged"
    WAITING = "conversation.waiting"
    RESUMED = "conversation.resumed"
    RESOLVED = "conversation.resolved"
    REOPENED = "conversation.reopened"
    CLOSED = "conversation.closed"


class Conversation(NamedTuple):
    """A thread with one contact. ``version`` counts the changes announced of it.

    ``origin_customer_id`` is the customer as first known and stays; ``customer_id`` is canonical
    today. A tuple, because each interaction makes several copies: a tuple's cost a sixth.
    """

    conversation_id: UUID
    channel: str
    opened_at: datetime
    last_activity_at: datetime
    status: Status = Status.NEW
    version: int = 0
    origin_customer_id: UUID | None = None
    customer_id: UUID | None = None
    contact_key: str | None = None
    channel_account: str | None = None
    priority: str | None = None
    team: str | None = None
    assignee: str | None = None
    tags: tuple[str, ...] = ()
    language: str | None = None
    brand: str | None = None
    customer_tier: str | None = None
    subject: str | None = None
    last_inbound_at: datetime | None = None
    last_outbound_at: datetime | None = None
    waiting_since: datetime | None = None
    first_response_at: datetime | None = None
    interaction_count: int = 0
    reopen_count: int = 0
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    follows_id: UUID | None = None

    @property
    def etag_parts(self) -> tuple[str, int, str]:
        """What its ETag is made of. A merge of customers changes it without a new version."""
        return str(self.conversation_id), self.version, str(self.customer_id)


class Opening(NamedTuple):
    """The first values of a conversation that its first interaction may set, by the same names."""

    priority: str | None = None
    team: str | None = None
    assignee: str | None = None
    tags: tuple[str, ...] = ()
    language: str | None = None
    brand: str | None = None
    customer_tier: str | None = None


DEFAULT_OPENING = Opening()


class Change(NamedTuple):
    """One change to be announced, and the conversation after it.

    ``item`` is the place in the batch of the interaction that caused it.
    """

    type: ChangeType
    conversation: Conversation
    occurred_at: datetime
    actor_type: str
    previous_status: Status | None = None
    item: int | None = None
    interaction_id: UUID | None = None
    customer_id: UUID | None = None
    backfill: bool = False


def with_status(conversation: Conversation, status: Status, *, at: datetime) -> Conversation:
    """Return the conversation in another status, with the times and counts that depend on it."""
    reopened = conversation.status in CLOSED and status not in CLOSED
    resolved_at = conversation.resolved_at or (at if status in CLOSED else None)
    return conversation._replace(
        status=status,
        resolved_at=None if reopened else resolved_at,
        closed_at=at if status is Status.CLOSED else None,
        reopen_count=conversation.reopen_count + reopened,
    )


def status_change_type(previous: Status, status: Status) -> ChangeType:
    """Return the type of a change from one status to another."""
    if status in RESTING:
        return ChangeType.WAITING
    if status in CLOSED:
        return ChangeType.RESOLVED if status is Status.RESOLVED else ChangeType.CLOSED
    return ChangeType.REOPENED if previous in CLOSED else ChangeType.RESUMED
