"""The events that interactions publishes. A released shape never changes; see ``contracts/``."""

from typing import Any, ClassVar
from uuid import UUID

from pydantic import ConfigDict

from common.messaging import EventData

_SNAPSHOT: dict[str, Any] = {
    "conversation_id": "01936a52-7f31-7c0e-8a55-3b1f0f6f2a10",
    "customer_id": "01936a52-7e02-7d4b-9c37-90e1d5c0b7aa",
    "channel": "sms",
    "channel_account": "+15005550006",
    "status": "open",
    "priority": "high",
    "team": "deliveries",
    "assignee": "agent-17",
    "tags": ["delivery"],
    "language": "en",
    "brand": "acme",
    "customer_tier": "gold",
    "backfill": False,
}


def _example(**more: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [_SNAPSHOT | more]})


class ConversationSnapshot(EventData):
    """The state of the conversation after the event; flat, so that it fits into table columns."""

    topic: ClassVar[str] = "interactions.conversations"

    conversation_id: UUID
    customer_id: UUID | None
    channel: str
    channel_account: str | None
    status: str
    priority: str | None
    team: str | None
    assignee: str | None
    tags: list[str]
    language: str | None
    brand: str | None
    customer_tier: str | None
    backfill: bool


class ConversationOpenedV1(ConversationSnapshot):
    model_config = _example(status="new", assignee=None, subject=None, opened_by="customer")

    event_type: ClassVar[str] = "interactions.conversation.opened"

    subject: str | None
    opened_by: str


class InteractionRecordedV1(ConversationSnapshot):
    """One interaction; the envelope's ``occurred_at`` is when it happened.

    ``interaction_sequence`` is its place in the change feed. ``origin_customer_id`` is the customer
    it arrived with; a merge never changes it.
    """

    model_config = _example(
        interaction_id="01936a52-7f35-7b52-8e0e-6d2f6f3b9c01",
        interaction_sequence=4711,
        kind="message",
        direction="inbound",
        author_type="customer",
        author_id=None,
        author_name=None,
        private=False,
        automated=False,
        subject=None,
        text="Where is my order 118?",
        in_reply_to=None,
        locale="en-GB",
        provider={
            "name": "twilio",
            "account": "+15005550006",
            "message_id": "SM1f0e8ae6ade43cb3c0ce4525424e404f",
        },
        origin_customer_id="01936a52-7e02-7d4b-9c37-90e1d5c0b7aa",
    )

    event_type: ClassVar[str] = "interactions.interaction.recorded"

    interaction_id: UUID
    interaction_sequence: int
    kind: str
    direction: str
    author_type: str
    author_id: str | None
    author_name: str | None
    private: bool
    automated: bool
    subject: str | None
    text: str | None
    in_reply_to: str | None
    locale: str | None = None
    provider: dict[str, str] | None
    origin_customer_id: UUID | None


class InteractionAttachedV1(ConversationSnapshot):
    """An interaction that was recorded without a customer now has one."""

    model_config = _example(interaction_id="01936a52-7f35-7b52-8e0e-6d2f6f3b9c01")

    event_type: ClassVar[str] = "interactions.interaction.attached"

    interaction_id: UUID


class ConversationChanged(ConversationSnapshot):
    """Base of the events about a change; ``previous_status`` is the status before it."""

    previous_status: str | None
    actor_type: str | None


class ConversationAssignedV1(ConversationChanged):
    model_config = _example(previous_status="open", actor_type="agent")
    event_type: ClassVar[str] = "interactions.conversation.assigned"


class ConversationPrioritisedV1(ConversationChanged):
    model_config = _example(priority="urgent", previous_status="open", actor_type="agent")
    event_type: ClassVar[str] = "interactions.conversation.prioritised"


class ConversationTaggedV1(ConversationChanged):
    model_config = _example(tags=["delivery", "refund"], previous_status="open", actor_type="agent")
    event_type: ClassVar[str] = "interactions.conversation.tagged"


class ConversationWaitingV1(ConversationChanged):
    """The status became ``pending`` or ``on_hold``."""

    model_config = _example(status="pending", previous_status="open", actor_type="agent")
    event_type: ClassVar[str] = "interactions.conversation.waiting"


class ConversationResumedV1(ConversationChanged):
    """Work on the conversation began or resumed; ``previous_status`` is where it had rested."""

    model_config = _example(previous_status="pending", actor_type="customer")
    event_type: ClassVar[str] = "interactions.conversation.resumed"


class ConversationResolvedV1(ConversationChanged):
    model_config = _example(status="resolved", previous_status="open", actor_type="agent")
    event_type: ClassVar[str] = "interactions.conversation.resolved"


class ConversationReopenedV1(ConversationChanged):
    model_config = _example(previous_status="resolved", actor_type="customer")
    event_type: ClassVar[str] = "interactions.conversation.reopened"


class ConversationClosedV1(ConversationChanged):
    model_config = _example(status="closed", previous_status="resolved", actor_type="agent")
    event_type: ClassVar[str] = "interactions.conversation.closed"
