"""What contexts, timelines and the change feed answer, for the description of the API.

Postgres writes these answers itself (``interactions/store``), so nothing here runs in a request;
the tests hold every real answer against it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from common.web.requests import JsonObject, ResponseModel


class ShownIdentifier(ResponseModel):
    type: str
    value: str | None
    scope: str | None
    level: str
    raw: str | None = Field(default=None, description="Not there without pii:read.")


class ShownCustomer(ResponseModel):
    customer_id: UUID
    merged_ids: list[UUID]
    attributes: JsonObject
    version: int | None
    created_at: datetime | None
    updated_at: datetime | None


class ShownConversation(ResponseModel):
    conversation_id: UUID
    origin_customer_id: UUID
    channel: str
    status: str
    channel_account: str | None
    priority: str | None
    team: str | None
    assignee: str | None
    language: str | None
    brand: str | None
    subject: str | None
    tags: list[str]
    version: int
    interaction_count: int
    reopen_count: int
    opened_at: datetime
    last_activity_at: datetime
    last_inbound_at: datetime | None
    last_outbound_at: datetime | None
    waiting_since: datetime | None
    first_response_at: datetime | None


class ShownAuthor(ResponseModel):
    type: str
    id: str | None
    name: str | None


class ShownProvider(ResponseModel):
    name: str
    account: str | None
    message_id: str | None


class ShownInteraction(ResponseModel):
    """``origin_customer_id`` is the id it came with, null while nobody is known."""

    interaction_id: UUID
    conversation_id: UUID
    origin_customer_id: UUID | None
    sequence: int
    channel: str
    kind: str
    direction: str
    author: ShownAuthor
    private: bool
    automated: bool
    subject: str | None
    text: str | None
    data: JsonObject | None
    attachments: list[JsonObject]
    identifiers: list[ShownIdentifier]
    provider: ShownProvider | None
    in_reply_to: str | None
    occurred_at: datetime
    received_at: datetime
    recorded_at: datetime
    time_source: str
    backfill: bool


class ShortenedInteraction(ShownInteraction):
    """In a context long texts are cut and large data is left out; ``truncated`` says so."""

    truncated: bool


class ShownClock(ResponseModel):
    clock_id: UUID
    conversation_id: UUID
    customer_id: UUID | None
    metric: str
    cycle: int
    state: str
    policy_id: str | None
    policy_version: int | None
    policy_name: str | None
    target_seconds: float | None
    started_at: datetime
    due_at: datetime | None
    met_at: datetime | None
    breached_at: datetime | None
    detected_at: datetime | None
    confirmed: bool | None
    reason: str | None


class SlaPart(ResponseModel):
    clocks: list[ShownClock]
    next_deadline: datetime | None
    breaches: list[ShownClock]


class LastContact(ResponseModel):
    at: datetime
    channel: str
    evidence: list[UUID]


class Count(ResponseModel):
    """``evidence`` names interactions that it was counted from."""

    value: int
    evidence: list[UUID]


class ChannelsUsed(ResponseModel):
    value: list[str]
    evidence: list[UUID]


class OpenConversations(Count):
    conversation_ids: list[UUID]


class Insights(ResponseModel):
    last_contact: LastContact | None
    contacts_7d: Count
    contacts_30d: Count
    channels_used: ChannelsUsed
    open_conversations: OpenConversations


PartName = Literal[
    "customer", "identifiers", "consents", "preferences", "records", "conversations",
    "interactions", "sla", "insights",
]  # fmt: skip


class PartTrust(ResponseModel):
    """Complete up to ``as_of``; if not complete, ``reason`` says why."""

    as_of: datetime | None
    complete: bool
    reason: str | None


class ContextResponse(ResponseModel):
    """The wanted parts, and under ``parts`` how far each can be trusted."""

    customer_id: UUID
    customer: ShownCustomer | None = None
    identifiers: Sequence[ShownIdentifier] = ()
    consents: Sequence[Any] = ()
    preferences: Sequence[Any] = ()
    records: Sequence[Any] = ()
    conversations: Sequence[ShownConversation] = ()
    interactions: Sequence[ShortenedInteraction] = ()
    sla: SlaPart | None = None
    insights: Insights | None = None
    parts: dict[PartName, PartTrust]


class TimelineResponse(ResponseModel):
    """``next`` is the cursor of the following page, null at the end."""

    items: list[ShownInteraction]
    next: str | None


class Change(ResponseModel):
    sequence: int
    type: str
    recorded_at: datetime
    conversation_id: UUID | None
    customer_id: UUID | None
    interaction: ShownInteraction | None


class ChangesResponse(ResponseModel):
    """``next`` is what to give as ``after`` the next time, at the end of the feed too."""

    items: list[Change]
    next: int
