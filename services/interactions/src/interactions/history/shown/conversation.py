"""A conversation as it is shown, whole or inside a context."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from common.web.requests import DescribedAs, JsonTime
from interactions.history.domain.conversation import Status
from interactions.history.shown import fields
from interactions.history.shown.masks import OPEN, TEXT
from interactions.history.shown.row import ShownRow


class ConversationRow(ShownRow):
    """What every view of a conversation shows."""

    conversation_id: Annotated[UUID, fields.CONVERSATION_ID]
    origin_customer_id: Annotated[UUID | None, fields.ORIGIN_CUSTOMER_ID]
    channel: Annotated[str, OPEN, fields.CHANNEL]
    status: Annotated[str, OPEN, DescribedAs(Status), fields.STATUS]
    channel_account: Annotated[str | None, OPEN, fields.CHANNEL_ACCOUNT]
    priority: Annotated[str | None, OPEN, fields.PRIORITY]
    team: Annotated[str | None, OPEN, fields.TEAM]
    assignee: Annotated[str | None, OPEN, fields.ASSIGNEE]
    language: Annotated[str | None, OPEN, fields.LANGUAGE]
    brand: Annotated[str | None, OPEN, fields.BRAND]
    subject: Annotated[str | None, TEXT] = Field(
        description="Subject of the interaction that opened the conversation, `***` without"
        " `pii:read`; null if it had no subject."
    )
    tags: Annotated[list[str], OPEN, fields.TAGS]
    version: int = Field(
        description="How many events the conversation has had; the `sequence` of the latest."
    )
    interaction_count: int = Field(
        description="How many interactions the conversation has, private ones included."
    )
    reopen_count: int = Field(
        description="How often the conversation was reopened after it was resolved or closed."
    )
    opened_at: JsonTime = Field(
        description="When the earliest interaction of the conversation happened."
    )
    last_activity_at: JsonTime = Field(
        description="When the latest interaction of the conversation happened."
    )
    last_inbound_at: JsonTime | None = Field(
        description="When the latest inbound interaction happened, private ones left out; null"
        " before the first."
    )
    last_outbound_at: JsonTime | None = Field(
        description="When the latest outbound interaction happened, private ones left out; null"
        " before the first."
    )
    waiting_since: JsonTime | None = Field(
        description="When the customer wrote the oldest message that still waits for an answer;"
        " null if no message waits."
    )
    first_response_at: JsonTime | None = Field(
        description="When an agent first answered the customer; null before that. Private and"
        " automated interactions do not count."
    )
