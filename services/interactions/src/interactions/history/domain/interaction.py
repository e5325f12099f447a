"""An interaction as it is reported, before its placement in a conversation."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from interactions.history.domain.contact import Identifier, Level
from interactions.history.domain.conversation import DEFAULT_OPENING, Opening


class Kind(StrEnum):
    """What an interaction is."""

    MESSAGE = "message"
    CALL = "call"
    EMAIL = "email"
    NOTE = "note"
    VISIT = "visit"
    ARTICLE_VIEW = "article_view"
    ORDER_EVENT = "order_event"
    SURVEY_ANSWER = "survey_answer"
    SYSTEM = "system"


class Direction(StrEnum):
    """From the customer, to the customer, or neither."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"
    INTERNAL = "internal"


class AuthorType(StrEnum):
    """Who wrote an interaction, or changed a conversation."""

    CUSTOMER = "customer"
    AGENT = "agent"
    BOT = "bot"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Author:
    type: AuthorType
    id: str | None = None
    name: str | None = None


class ProviderKey(NamedTuple):
    """The provider's name for a message: equal keys mean the same message, however it arrives."""

    name: str
    account: str
    message_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One interaction as reported. ``occurred_at`` is a claim, ``received_at`` our own time."""

    channel: str
    kind: Kind
    direction: Direction
    author: Author
    received_at: datetime
    occurred_at: datetime | None = None
    channel_account: str | None = None
    identifiers: tuple[Identifier, ...] = ()
    customer_id: UUID | None = None
    conversation_id: UUID | None = None
    subject: str | None = None
    text: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    attachments: Sequence[Mapping[str, Any]] = ()
    provider: ProviderKey | None = None
    in_reply_to: str | None = None
    locale: str | None = None
    private: bool = False
    automated: bool = False
    backfill: bool = False
    opening: Opening = DEFAULT_OPENING

    @property
    def from_customer(self) -> bool:
        """Whether a customer wrote this to us, in public."""
        return (
            self.direction is Direction.INBOUND
            and self.author.type is AuthorType.CUSTOMER
            and not self.private
        )

    @property
    def is_by_sender(self) -> bool:
        """Whether its identifiers are the sender's, and not of whom we wrote to."""
        return self.direction is Direction.INBOUND

    @property
    def only_claims(self) -> bool:
        """Whether the sender says who it is, and proves nothing of it."""
        usable = [i.level for i in self.identifiers if i.may_be_known]
        return self.is_by_sender and set(usable) == {Level.CLAIMED}

    @property
    def wants_attention(self) -> bool:
        """Whether this resumes or reopens a conversation: written by a person, not imported."""
        return self.from_customer and not self.automated and not self.backfill

    @property
    def answers(self) -> bool:
        """Whether an agent answers the customer with this, in public."""
        return (
            self.direction is Direction.OUTBOUND
            and self.author.type is AuthorType.AGENT
            and not self.private
            and not self.automated
        )


UNCHANGED_FIELDS = (
    "channel",
    "kind",
    "direction",
    "private",
    "automated",
    "subject",
    "text",
    "in_reply_to",
    "locale",
    "backfill",
)
"""Fields of a draft that are stored, and published, by their own names and just as reported."""


_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=str).encode


def fingerprint(draft: Draft) -> bytes:
    """Return a digest of the content, to detect two contents under one provider key."""
    content = [
        draft.channel,
        draft.kind,
        draft.direction,
        draft.author.type,
        draft.subject,
        draft.text,
        draft.data,
        list(draft.attachments),
    ]
    return hashlib.blake2b(
        _canonical(content).encode("utf-8", "surrogatepass"), digest_size=16
    ).digest()
