"""What somebody tells us happened, before we have placed it anywhere."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from interactions.history.domain.contact import Identifier


@dataclass(frozen=True, slots=True)
class Author:
    type: str
    id: str | None = None
    name: str | None = None


class ProviderKey(NamedTuple):
    """What makes a message the same message, whichever way it comes in again."""

    name: str
    account: str
    message_id: str


@dataclass(frozen=True, slots=True)
class Opening:
    """How a conversation begins that this interaction may open."""

    priority: str | None = None
    team: str | None = None
    assignee: str | None = None
    tags: tuple[str, ...] = ()
    language: str | None = None
    brand: str | None = None
    customer_tier: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One interaction as reported. ``occurred_at`` is a claim, ``received_at`` is ours."""

    channel: str
    kind: str
    direction: str
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
    private: bool = False
    automated: bool = False
    backfill: bool = False
    opening: Opening = Opening()

    @property
    def from_customer(self) -> bool:
        """Whether a customer said this to us, where we have to answer."""
        return self.direction == "inbound" and self.author.type == "customer" and not self.private

    @property
    def wants_attention(self) -> bool:
        """Whether this brings a resting conversation back: no machine's mail, no old history."""
        return self.from_customer and not self.automated and not self.backfill

    @property
    def answers(self) -> bool:
        """Whether a person of ours said this to the customer."""
        return (
            self.direction == "outbound"
            and self.author.type == "agent"
            and not self.private
            and not self.automated
        )


_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=str).encode


def fingerprint(draft: Draft) -> bytes:
    """Return a digest of what was said, to notice two contents under one provider key."""
    said = [
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
        _canonical(said).encode("utf-8", "surrogatepass"), digest_size=16
    ).digest()
