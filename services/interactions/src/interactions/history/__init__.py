"""Everything that happened: interactions in their conversations, and whose they are.

What other parts may use of it.
"""

from interactions.history import metrics
from interactions.history.domain.contact import Identifier
from interactions.history.domain.interaction import Author, Draft, ProviderKey
from interactions.history.domain.lookup_keys import bounded, lookup_key
from interactions.history.events.published import ConversationSnapshot, InteractionRecordedV1
from interactions.history.inbound_message import Direction, Kind, Level
from interactions.history.usecases.record_interactions import (
    Recorded,
    RecordInteractions,
    Resolved,
    record_interactions,
)
from interactions.history.usecases.resolve_contacts import Patience, Resolver, keep

__all__ = [
    "Author",
    "ConversationSnapshot",
    "Direction",
    "Draft",
    "Identifier",
    "InteractionRecordedV1",
    "Kind",
    "Level",
    "Patience",
    "ProviderKey",
    "RecordInteractions",
    "Recorded",
    "Resolved",
    "Resolver",
    "bounded",
    "keep",
    "lookup_key",
    "metrics",
    "record_interactions",
]
