"""Everything that happened: interactions in their conversations, and whose they are.

What other parts may use of it.
"""

from interactions.history import metrics
from interactions.history.domain.contact import NOBODY, Identifier
from interactions.history.domain.interaction import Author, Draft, ProviderKey
from interactions.history.domain.lookup_keys import bounded, lookup_key
from interactions.history.events.published import ConversationSnapshot, InteractionRecordedV1
from interactions.history.inbound_message import Direction, Kind, Level
from interactions.history.shown import json_sql
from interactions.history.shown.conversation import ConversationRow
from interactions.history.shown.interaction import (
    ShortenedInteraction,
    ShownIdentifier,
    ShownInteraction,
)
from interactions.history.shown.masks import LEAVES, OPEN
from interactions.history.shown.row import Json, ShownRow, Value
from interactions.history.usecases.record_interactions import (
    Recorded,
    RecordInteractions,
    Resolved,
    record_interactions,
)
from interactions.history.usecases.resolve_contacts import Patience, Resolver, keep

__all__ = [
    "LEAVES",
    "NOBODY",
    "OPEN",
    "Author",
    "ConversationRow",
    "ConversationSnapshot",
    "Direction",
    "Draft",
    "Identifier",
    "InteractionRecordedV1",
    "Json",
    "Kind",
    "Level",
    "Patience",
    "ProviderKey",
    "RecordInteractions",
    "Recorded",
    "Resolved",
    "Resolver",
    "ShortenedInteraction",
    "ShownIdentifier",
    "ShownInteraction",
    "ShownRow",
    "Value",
    "bounded",
    "json_sql",
    "keep",
    "lookup_key",
    "metrics",
    "record_interactions",
]
