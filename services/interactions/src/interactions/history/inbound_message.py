"""The form in which an interaction is reported: over HTTP, and on ``interactions.inbound``."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo, field_validator
from typing_extensions import override

from common.errors import ErrorCode, RefusedValueError
from common.jsons import describe_pattern
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
from interactions.history.domain.contact import MAX_KEY_BYTES, Identifier, Level, with_scope
from interactions.history.domain.conversation import Opening
from interactions.history.domain.interaction import (
    Author,
    AuthorType,
    Direction,
    Draft,
    Kind,
    ProviderKey,
)
from interactions.history.shown import fields


def _indexable(value: str) -> str:
    if len(value.encode()) > MAX_KEY_BYTES:
        raise RefusedValueError(
            ErrorCode.TOO_LONG, f"must not be longer than {MAX_KEY_BYTES} bytes"
        )
    return value


KeyText = Annotated[
    str,
    StringConstraints(min_length=1, max_length=1_000),
    AfterValidator(without_nul),
    AfterValidator(_indexable),
]
"""Text that is part of a key and is used unchanged."""

Region = Annotated[
    str,
    StringConstraints(
        pattern=describe_pattern(
            r"^[A-Za-z]{2}\z", "must be the two letters of a country in ISO 3166, such as SE"
        )
    ),
]
"""A country, to which telephone numbers without a country code belong."""

Locale = Annotated[
    str,
    StringConstraints(
        pattern=describe_pattern(
            r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$", "must be a language tag, such as pt-BR"
        ),
        max_length=35,
    ),
]
"""A language tag of BCP 47, such as ``pt-BR``."""

_NAMES_SOMEBODY = ("customer_id", "conversation_id", "in_reply_to")


class ContactIdentifier(RequestModel):
    """``level``: claimed by the sender, proved by the channel, or verified by the customer."""

    type: Slug = Field(
        description="Type of identifier, such as `email` or `phone`; the tenant may use any name."
    )
    value: ShortText = Field(
        min_length=1,
        max_length=500,
        description="The identifier as the channel has it, in any spelling.",
    )
    scope: Annotated[KeyText | None, fields.SCOPE] = None
    level: Annotated[Level, fields.LEVEL] = Level.CLAIMED


class AuthorRequest(RequestModel):
    """Who wrote the interaction."""

    type: Annotated[AuthorType, fields.AUTHOR_TYPE]
    id: Name | None = Field(
        default=None, description="The author's id in the sender's system; null if unknown."
    )
    name: Name | None = Field(default=None, description="The author's name; null if unknown.")


class ProviderRequest(RequestModel):
    """The provider's name for a message: equal values mean the same message, however it arrives."""

    name: Annotated[Slug, fields.PROVIDER_NAME]
    account: Annotated[KeyText, fields.PROVIDER_ACCOUNT]
    message_id: KeyText = Field(
        description="The provider's id of the message, unique within the account."
    )

    def key(self) -> ProviderKey:
        return ProviderKey(self.name, self.account, self.message_id)


class OpeningRequest(RequestModel):
    """The first values of the conversation, if this interaction opens one."""

    priority: Annotated[Slug | None, fields.PRIORITY] = None
    team: Annotated[Name | None, fields.TEAM] = None
    assignee: Annotated[Name | None, fields.ASSIGNEE] = None
    tags: list[Name] = Field(
        default_factory=list,
        max_length=50,
        description="Tags of the conversation, in order; duplicates are dropped.",
    )
    language: Name | None = Field(
        default=None, description="Language of the conversation; null if unknown."
    )
    brand: Name | None = Field(
        default=None, description="Brand that the conversation is about; null if unknown."
    )
    customer_tier: Name | None = Field(
        default=None,
        description="Tier of the customer, such as `gold`; null for the tier that identity knows.",
    )


class InteractionRequest(RequestModel):
    """An interaction. ``channel`` may be any name that the tenant uses.

    Without ``occurred_at`` it happened when it is received. ``automated`` marks messages that no
    person wrote, ``backfill`` imported history; neither reopens a conversation.
    """

    channel: Annotated[Slug, fields.CHANNEL]
    kind: Annotated[Kind, fields.KIND] = Kind.MESSAGE
    direction: Annotated[Direction, fields.DIRECTION]
    author: AuthorRequest = Field(description="The author of the interaction.")
    customer_id: UUID | None = Field(
        default=None,
        description="Any id of the customer, if the sender knows it; null lets the identifiers or"
        " the conversation decide.",
    )
    conversation_id: UUID | None = Field(
        default=None,
        description="The conversation that it belongs to; null lets the service find or open one. A"
        " customer's message to a closed conversation opens a new one.",
    )
    in_reply_to: ShortText | None = Field(
        default=None,
        description="The provider's id of the message that this one answers, which leads to the"
        " conversation; null if it answers no message.",
    )
    identifiers: Annotated[
        list[ContactIdentifier],
        Field(
            max_length=50,
            validate_default=True,
            description="Identifiers of the customer, from which the service finds or creates the"
            " customer unless `customer_id` is given. At least one is required without"
            " `customer_id`, `conversation_id` and `in_reply_to`.",
        ),
    ] = Field(default_factory=list)
    channel_account: Name | None = Field(
        default=None,
        description="The tenant's own account or address on the channel, such as its telephone"
        " number; null means the provider's `account`, if there is one.",
    )
    default_region: Annotated[Region | None, fields.DEFAULT_REGION] = None
    occurred_at: Timestamp | None = Field(
        default=None,
        description="When it happened, with an offset from UTC. The time of receipt counts instead"
        " of null, of a time before 2000, and of one over five minutes ahead.",
    )
    subject: ShortText | None = Field(default=None, description="Subject; null if there is none.")
    text: Text | None = Field(default=None, description="Text; null if there is none.")
    locale: Annotated[Locale | None, fields.LOCALE] = None
    data: JsonObject = Field(
        default_factory=dict, description="Further data, in the sender's own form."
    )
    attachments: list[JsonObject] = Field(
        default_factory=list,
        max_length=50,
        description="Descriptions of the attachments in the sender's own form, such as"
        " `media_type`, `size` and a reference; never their content.",
    )
    provider: ProviderRequest | None = Field(
        default=None,
        description="The provider's name for the message, by which a repetition is recognised;"
        " without it a repetition is recorded again, unless it has the same Idempotency-Key.",
    )
    private: bool | None = Field(
        default=None,
        description="Whether the customer must not see it; null means true for a note and false for"
        " every other kind.",
    )
    automated: Annotated[bool, fields.AUTOMATED] = False
    backfill: Annotated[bool, fields.BACKFILL] = False
    conversation: OpeningRequest = Field(
        default_factory=OpeningRequest,
        description="The first values of the conversation; ignored unless this interaction opens"
        " one.",
    )

    @field_validator("identifiers")
    @classmethod
    def _belongs_somewhere(
        cls, identifiers: list[ContactIdentifier], info: ValidationInfo
    ) -> list[ContactIdentifier]:
        named = [info.data.get(name, True) for name in _NAMES_SOMEBODY]
        if not identifiers and not any(named):
            raise RefusedValueError(
                ErrorCode.MISSING,
                "must not be empty without a customer_id, a conversation_id or an in_reply_to",
            )
        return identifiers

    @override
    def quota_cost(self) -> int:
        return max(1, len(self.identifiers))

    @override
    def party(self) -> str | None:
        if self.identifiers:
            first = self.identifiers[0]
            return f"{first.type}\0{first.value}"
        named = self.customer_id or self.conversation_id
        return str(named) if named else None

    def draft(self, *, received_at: datetime, default_region: str | None = None) -> Draft:
        """Return the draft of the interaction. A note is private unless ``private`` is false.

        ``default_region`` is for telephone numbers of requests that name no region.
        """
        provider = None if self.provider is None else self.provider.key()
        account = self.channel_account or (provider.account if provider else None)
        region = self.default_region or default_region
        source = provider.name if provider else None
        return Draft(
            channel=self.channel,
            kind=self.kind,
            direction=self.direction,
            author=Author(self.author.type, self.author.id, self.author.name),
            received_at=received_at,
            occurred_at=self.occurred_at,
            channel_account=account,
            identifiers=tuple(
                with_scope(
                    Identifier(i.type, i.value, i.scope, i.level, region),
                    account=account,
                    source=source,
                )
                for i in self.identifiers
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
