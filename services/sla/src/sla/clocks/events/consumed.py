"""Tolerant copies of the interactions service's events, with only what clocks depend on."""

from uuid import UUID

from common.messaging import ConsumedData

SERVICE = "interactions"
"""The source of the facts."""
TOPIC = "interactions.conversations"


class Snapshot(ConsumedData):
    """The conversation that every event carries."""

    conversation_id: UUID
    customer_id: UUID | None = None
    channel: str | None = None
    channel_account: str | None = None
    status: str
    priority: str | None = None
    team: str | None = None
    assignee: str | None = None
    tags: tuple[str, ...] = ()
    language: str | None = None
    brand: str | None = None
    customer_tier: str | None = None
    backfill: bool = False

    def attributes(self) -> dict[str, object]:
        """Return the attributes that conditions may name."""
        return {
            "channel": self.channel,
            "channel_account": self.channel_account,
            "priority": self.priority,
            "team": self.team,
            "assignee": self.assignee,
            "tags": list(self.tags),
            "language": self.language,
            "brand": self.brand,
            "customer_tier": self.customer_tier,
        }


class ConversationOpened(Snapshot):
    opened_by: str = "customer"


class InteractionRecorded(Snapshot):
    kind: str
    direction: str
    author_type: str
    private: bool = False
    automated: bool = False


class InteractionAttached(Snapshot):
    """An interaction from an unknown sender was linked to its customer."""


class AttributesChanged(Snapshot):
    """Assigned, prioritised or tagged: other conditions may hold now."""


class StatusChanged(Snapshot):
    """Waiting, resumed, resolved, reopened or closed."""


DECODERS: dict[tuple[str, int], type[Snapshot]] = {
    ("interactions.conversation.opened", 1): ConversationOpened,
    ("interactions.interaction.recorded", 1): InteractionRecorded,
    ("interactions.interaction.attached", 1): InteractionAttached,
    ("interactions.conversation.assigned", 1): AttributesChanged,
    ("interactions.conversation.prioritised", 1): AttributesChanged,
    ("interactions.conversation.tagged", 1): AttributesChanged,
    ("interactions.conversation.waiting", 1): StatusChanged,
    ("interactions.conversation.resumed", 1): StatusChanged,
    ("interactions.conversation.resolved", 1): StatusChanged,
    ("interactions.conversation.reopened", 1): StatusChanged,
    ("interactions.conversation.closed", 1): StatusChanged,
}
