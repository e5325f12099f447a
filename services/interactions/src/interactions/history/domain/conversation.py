"""A conversation and what can happen to it. Every step that is told to others takes a number."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

STATUSES = ("new", "open", "pending", "on_hold", "resolved", "closed")
RESTING = frozenset({"pending", "on_hold"})


class Told(StrEnum):
    """What is told about a conversation; the value ends the event's type."""

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
    """A thread with one contact. ``version`` is the number of the last thing told about it.

    ``origin_customer_id`` is the customer as first known and stays; ``customer_id`` is who that is
    today. A tuple, because each interaction makes several copies, and a tuple's cost a sixth.
    """

    conversation_id: UUID
    channel: str
    opened_at: datetime
    last_activity_at: datetime
    status: str = "new"
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


class Step(NamedTuple):
    """One thing to be told, and the conversation as it is after it.

    ``item`` is the place in the batch of the interaction that this is about.
    """

    told: Told
    conversation: Conversation
    occurred_at: datetime
    actor_type: str
    previous_status: str | None = None
    item: int | None = None
    interaction_id: UUID | None = None
    customer_id: UUID | None = None
    backfill: bool = False


def with_status(conversation: Conversation, status: str, *, at: datetime) -> Conversation:
    """Return the conversation in another status, with the times and counts that go with it."""
    reopened = conversation.status in {"resolved", "closed"} and status not in {
        "resolved",
        "closed",
    }
    return conversation._replace(
        status=status,
        resolved_at=None
        if reopened
        else (conversation.resolved_at or (at if status in {"resolved", "closed"} else None)),
        closed_at=at if status == "closed" else None,
        reopen_count=conversation.reopen_count + reopened,
    )


def told_of_status(previous: str, status: str) -> Told:
    """Return what a change of status is called."""
    if status in RESTING:
        return Told.WAITING
    if status in {"resolved", "closed"}:
        return Told.RESOLVED if status == "resolved" else Told.CLOSED
    return Told.REOPENED if previous in {"resolved", "closed"} else Told.RESUMED
