"""The form in which an interaction is reported: over HTTP, and on ``interactions.inbound``."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo, field_validator

from common.web.requests import (
    JsonObject,
    Name,
    RequestModel,
    ShortText,
    Slug,
    Text,
    Timestamp,
    without_nul,
)
from interactions.history.domain.contact import MAX_KEY_BYTES, Identifier, Level
from interactions.history.domain.conversation import Opening
from interactions.history.domain.interaction import (
    Author,
    AuthorType,
    Direction,
    Draft,
    Kind,
    ProviderKey,
)


def _indexable(value: str) -> str:
    if len(value.encode()) > MAX_KEY_BYTES:
        raise ValueError(f"must not be longer than {MAX_KEY_BYTES} bytes")
    return value


KeyText = Annotated[
    str,
    StringConstraints(min_length=1, max_length=1_000),
    AfterValidator(without_nul),
    AfterValidator(_indexable),
]
"""Text that is part of a key and is used unchanged."""

Locale = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$", max_length=35)
]
"""A language tag of BCP 47, such as ``pt-BR``."""

_NAMES_SOMEBODY = ("customer_id", "conversation_id", "in_reply_to")


class IdentifierRequest(RequestModel):
    """``level``: claimed by the sender, proved by the channel, or verified by the customer."""

    type: Slug
    value: ShortText = Field(min_length=1, max_length=500)
    scope: KeyText | None = None
    level: Level = Level.CLAIMED


class AuthorRequest(RequestModel):
    type: AuthorType
    id: Name | None = None
    name: Name | None = None


class ProviderRequest(RequestModel):
    """The provider's name for a message: equal values mean the same message, however it arrives."""

    name: Slug
    account: KeyText
    message_id: KeyText

    def key(self) -> ProviderKey:
        return ProviderKey(self.name, self.account, self.message_id)


class OpeningRequest(RequestModel):
    """The first values of the conversation, if this interaction opens one."""

    priority: Slug | None = None
    team: Name | None = None
    assignee: Name | None = None
    tags: list[Name] = Field(default_factory=list, max_length=50)
    language: Name | None = None
    brand: Name | None = None
    customer_tier: Name | None = None


class InteractionRequest(RequestModel):
    """An interaction. ``channel`` may be any name that the tenant uses.

    Without ``occurred_at`` it happened when it is received. ``automated`` marks messages that no
    person wrote, ``backfill`` imported history; neither reopens a conversation.
    """

    channel: Slug
    kind: Kind = Kind.MESSAGE
    direction: Direction
    author: AuthorRequest
    customer_id: UUID | None = None
    conversation_id: UUID | None = None
    in_reply_to: ShortText | None = None
    identifiers: Annotated[list[IdentifierRequest], Field(max_length=50, validate_default=True)] = (
        Field(default_factory=list)
    )
    channel_account: Name | None = None
    occurred_at: Timestamp | None = None
    subject: ShortText | None = None
    text: Text | None = None
    locale: Locale | None = Field(default=None, description="Language of the text, as in BCP 47.")
    data: JsonObject = Field(default_factory=dict)
    attachments: list[JsonObject] = Field(default_factory=list, max_length=50)
    provider: ProviderRequest | None = None
    private: bool | None = None
    automated: bool = False
    backfill: bool = False
    conversation: OpeningRequest = Field(default_factory=OpeningRequest)

    @field_validator("identifiers")
    @classmethod
    def _belongs_somewhere(
        cls, identifiers: list[IdentifierRequest], info: ValidationInfo
    ) -> list[IdentifierRequest]:
        named = [info.data.get(name, True) for name in _NAMES_SOMEBODY]
        if not identifiers and not any(named):
            raise ValueError("must not be empty without a customer_id or a conversation_id")
        return identifiers

    def draft(self, *, received_at: datetime) -> Draft:
        """Return the draft of the interaction. A note is private unless ``private`` is false."""
        provider = None if self.provider is None else self.provider.key()
        account = self.channel_account or (provider.account if provider else None)
        return Draft(
            channel=self.channel,
            kind=self.kind,
            direction=self.direction,
            author=Author(self.author.type, self.author.id, self.author.name),
            received_at=received_at,
            occurred_at=self.occurred_at,
            channel_account=account,
            identifiers=tuple(
                Identifier(i.type, i.value, i.scope, i.level) for i in self.identifiers
            ),
            customer_id=self.customer_id,
            conversation_id=self.conversation_id,
            subject=self.subject,
            text=self.text,
            data=self.data,
            attachments=self.attachments,
            provider=provider,
            in_reply_to=self.in_reply_to,
            locale=self.locale,
            private=self.kind is Kind.NOTE if self.private is None else self.private,
            automated=self.automated,
            backfill=self.backfill,
            opening=_opening(self.conversation),
        )


def _opening(request: OpeningRequest) -> Opening:
    values = {name: getattr(request, name) for name in request.model_fields_set}
    if "tags" in values:
        values["tags"] = tuple(dict.fromkeys(request.tags))
    return Opening(**values)
