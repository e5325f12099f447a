"""The history: interactions in their conversations, and their customers.

Other parts use only these names.
"""

from interactions.history import metrics
from interactions.history.domain.contact import (
    NOBODY,
    Identifier,
    Key,
    Level,
    bounded_key,
    contact_key,
    contact_key_of,
    key_of_identity,
    with_scope,
)
from interactions.history.domain.conversation import ChangeType
from interactions.history.domain.interaction import (
    Author,
    AuthorType,
    Direction,
    Draft,
    Kind,
    ProviderKey,
)
from interactions.history.events.published import ConversationSnapshot, InteractionRecordedV1
from interactions.history.shown import fields, json_sql
from interactions.history.shown.conversation import ConversationRow
from interactions.history.shown.interaction import (
    ShortenedInteraction,
    ShownIdentifier,
    ShownInteraction,
)
from interactions.history.shown.masks import (
    ATTACHMENTS,
    ATTRIBUTES,
    LEAVES,
    NAME,
    OPEN,
    TEXT,
    WITHHELD,
)
from interactions.history.shown.row import Json, ShownRow, Value
from interactions.history.usecases.catch_up import catch_up
from interactions.history.usecases.move_interactions import MoveInteractions, move_interactions
from interactions.history.usecases.record_interactions import (
    Recorded,
    RecordInteractions,
    Resolved,
    record_interactions,
)
from interactions.history.usecases.resolve_contacts import (
    Deadline,
    Identity,
    IdentityLookup,
    Resolver,
    SenderErasedError,
    unresolved_if_refused,
)

__all__ = [
    "ATTACHMENTS",
    "ATTRIBUTES",
    "LEAVES",
    "NAME",
    "NOBODY",
    "OPEN",
    "TEXT",
    "WITHHELD",
    "Author",
    "AuthorType",
    "ChangeType",
    "ConversationRow",
    "ConversationSnapshot",
    "Deadline",
    "Direction",
    "Draft",
    "Identifier",
    "Identity",
    "IdentityLookup",
    "InteractionRecordedV1",
    "Json",
    "Key",
    "Kind",
    "Level",
    "MoveInteractions",
    "ProviderKey",
    "RecordInteractions",
    "Recorded",
    "Resolved",
    "Resolver",
    "SenderErasedError",
    "ShortenedInteraction",
    "ShownIdentifier",
    "ShownInteraction",
    "ShownRow",
    "Value",
    "bounded_key",
    "catch_up",
    "contact_key",
    "contact_key_of",
    "fields",
    "json_sql",
    "key_of_identity",
    "metrics",
    "move_interactions",
    "record_interactions",
    "unresolved_if_refused",
    "with_scope",
]
