"""The events that interactions publishes. A released shape never changes; see ``contracts/``."""

from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import ConfigDict, Field

from common.messaging import EventData
from common.story import (
    ANNA,
    CALL_BACK,
    CALL_BACK_CONVERSATION,
    CONVERSATION,
    QUESTION,
    SEQUENCE,
)
from interactions.history.domain.interaction import AuthorType
from interactions.history.shown import fields

_SNAPSHOT: dict[str, Any] = {
    "conversation_id": CONVERSATION,
    "customer_id": ANNA,
    "channel": "chat",
    "channel_account": "shop",
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


_URGENT = {"priority": "urgent", "tags": ["delivery", "refund"]}
_LATER = _URGENT | {"priority": None}
_CALL_BACK: dict[str, Any] = {
    "conversation_id": CALL_BACK_CONVERSATION,
    "channel_account": None,
    "status": "new",
    "priority": None,
    "team": None,
    "assignee": None,
    "tags": [],
    "language": None,
    "brand": None,
    "customer_tier": None,
}


def _example(**more: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [_SNAPSHOT | more]})


class ConversationSnapshot(EventData):
    """The state of the conversation after the event; flat, so that it fits into table columns."""

    topic: ClassVar[str] = "interactions.conversations"

    conversation_id: Annotated[UUID, fields.CONVERSATION_ID]
    customer_id: Annotated[UUID | None, fields.CUSTOMER_ID]
    channel: Annotated[str, fields.CHANNEL]
    channel_account: Annotated[str | None, fields.CHANNEL_ACCOUNT]
    status: Annotated[str, fields.STATUS]
    priority: Annotated[str | None, fields.PRIORITY]
    team: Annotated[str | None, fields.TEAM]
    assignee: Annotated[str | None, fields.ASSIGNEE]
    tags: Annotated[list[str], fields.TAGS]
    language: Annotated[str | None, fields.LANGUAGE]
    brand: Annotated[str | None, fields.BRAND]
    customer_tier: Annotated[str | None, fields.CUSTOMER_TIER]
    backfill: bool = Field(description="Whether imported history caused the event.")


class ConversationOpenedV1(ConversationSnapshot):
    """A conversation was opened; its first interaction follows as an event of its own."""

    model_config = _example(status="new", assignee=None, subject=None, opened_by="customer")

    event_type: ClassVar[str] = "interactions.conversation.opened"

    subject: str | None = Field(
        description="Subject of the interaction that opened the conversation; null if it had no"
        " subject."
    )
    opened_by: str = Field(
        description=f"Who wrote the interaction that opened it: {fields.either(AuthorType)}."
    )


class InteractionRecordedV1(ConversationSnapshot):
    """One interaction; the envelope's ``occurred_at`` is when it happened.

    ``interaction_sequence`` is its place in the change feed. ``origin_customer_id`` is the customer
    it arrived with; a merge never changes it.
    """

    model_config = _example(
        status="new",
        assignee=None,
        interaction_id=QUESTION,
        interaction_sequence=SEQUENCE,
        kind="message",
        direction="inbound",
        author_type="customer",
        author_id=None,
        author_name="Anna Lindqvist",
        private=False,
        automated=False,
        subject=None,
        text="Where is my order 118?",
        in_reply_to=None,
        locale="en-SE",
        provider={"name": "webchat", "account": "shop", "message_id": "chat-118-1"},
        origin_customer_id=ANNA,
    )

    event_type: ClassVar[str] = "interactions.interaction.recorded"

    interaction_id: Annotated[UUID, fields.INTERACTION_ID]
    interaction_sequence: Annotated[int, fields.SEQUENCE]
    kind: Annotated[str, fields.KIND]
    direction: Annotated[str, fields.DIRECTION]
    author_type: Annotated[str, fields.AUTHOR_TYPE]
    author_id: str | None = Field(
        description="The author's id, as reported; null if it was not reported."
    )
    author_name: str | None = Field(description="The author's name; null if it was not reported.")
    private: Annotated[bool, fields.PRIVATE]
    automated: Annotated[bool, fields.AUTOMATED]
    subject: str | None = Field(description="Subject of the interaction; null if it has none.")
    text: str | None = Field(description="Text of the interaction; null if it has none.")
    in_reply_to: str | None = Field(
        description="The provider's id of the message that this one answers; null if it answers no"
        " message."
    )
    locale: Annotated[str | None, fields.LOCALE] = None
    provider: dict[str, str] | None = Field(
        description="The provider's name for the message: `name` of the provider, `account` of the"
        " tenant there, and `message_id`; null if it was not reported."
    )
    origin_customer_id: Annotated[UUID | None, fields.ORIGIN_CUSTOMER_ID]


class InteractionAttachedV1(ConversationSnapshot):
    """An interaction has another customer than it was recorded with, or has one now.

    Its sender became known, or two customers who had been taken for one were told apart.
    """

    model_config = _example(
        **_CALL_BACK | {"customer_tier": "platinum"},
        interaction_id=CALL_BACK,
        origin_customer_id=ANNA,
    )

    event_type: ClassVar[str] = "interactions.interaction.attached"

    interaction_id: Annotated[UUID, fields.INTERACTION_ID]
    origin_customer_id: UUID | None = Field(
        default=None,
        description="The customer of the interaction, which may be another one than the"
        " conversation's; null in events of before this field.",
    )


class ConversationChanged(ConversationSnapshot):
    """Base of the events about a change; ``previous_status`` is the status before it."""

    previous_status: Annotated[str | None, fields.PREVIOUS_STATUS]
    actor_type: Annotated[str | None, fields.ACTOR_TYPE]


class ConversationAssignedV1(ConversationChanged):
    """The team, the assignee or both changed."""

    model_config = _example(status="new", previous_status="new", actor_type="agent")
    event_type: ClassVar[str] = "interactions.conversation.assigned"


class ConversationPrioritisedV1(ConversationChanged):
    """The priority changed."""

    model_config = _example(
        priority="urgent", status="new", previous_status="new", actor_type="agent"
    )
    event_type: ClassVar[str] = "interactions.conversation.prioritised"


class ConversationTaggedV1(ConversationChanged):
    """The tags changed; ``tags`` holds all of them."""

    model_config = _example(**_URGENT, status="new", previous_status="new", actor_type="agent")
    event_type: ClassVar[str] = "interactions.conversation.tagged"


class ConversationWaitingV1(ConversationChanged):
    """The status became ``pending`` or ``on_hold``."""

    model_config = _example(**_URGENT, status="pending", previous_status="open", actor_type="agent")
    event_type: ClassVar[str] = "interactions.conversation.waiting"


class ConversationResumedV1(ConversationChanged):
    """Work on the conversation began or resumed; ``previous_status`` is where it had rested."""

    model_config = _example(**_URGENT, previous_status="pending", actor_type="customer")
    event_type: ClassVar[str] = "interactions.conversation.resumed"


class ConversationResolvedV1(ConversationChanged):
    """The conversation was resolved."""

    model_config = _example(**_LATER, status="resolved", previous_status="open", actor_type="agent")
    event_type: ClassVar[str] = "interactions.conversation.resolved"


class ConversationReopenedV1(ConversationChanged):
    """A resolved or closed conversation was opened again."""

    model_config = _example(**_LATER, previous_status="resolved", actor_type="agent")
    event_type: ClassVar[str] = "interactions.conversation.reopened"


class ConversationClosedV1(ConversationChanged):
    """The conversation was closed."""

    model_config = _example(**_LATER, status="closed", previous_status="open", actor_type="agent")
    event_type: ClassVar[str] = "interactions.conversation.closed"
