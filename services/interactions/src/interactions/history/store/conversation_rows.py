"""Conversations between their rows and their values."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row

from common.db import Columns
from interactions.history.domain.contact import NOBODY
from interactions.history.domain.conversation import Conversation, Status

CONVERSATION = Columns(
    {
        "conversation_id": "uuid",
        "origin_customer_id": "uuid",
        "contact_key": "text",
        "channel": "text",
        "channel_account": "text",
        "status": "text",
        "priority": "text",
        "team": "text",
        "assignee": "text",
        "tags": "text[]",
        "language": "text",
        "brand": "text",
        "customer_tier": "text",
        "subject": "text",
        "version": "bigint",
        "opened_at": "timestamptz",
        "last_activity_at": "timestamptz",
        "last_inbound_at": "timestamptz",
        "last_outbound_at": "timestamptz",
        "waiting_since": "timestamptz",
        "first_response_at": "timestamptz",
        "interaction_count": "int",
        "reopen_count": "int",
        "resolved_at": "timestamptz",
        "closed_at": "timestamptz",
        "follows_id": "uuid",
    }
)


def to_row(conversation: Conversation) -> dict[str, Any]:
    """Return a conversation as a row of ``CONVERSATION``."""
    row = conversation._asdict()
    row["origin_customer_id"] = conversation.origin_customer_id or NOBODY
    return row


def from_row(row: Row[Any]) -> Conversation:
    """Return the conversation of a row that ends with ``CONVERSATION``; the nil id is nobody."""
    values = dict(zip(CONVERSATION.types, row[-len(CONVERSATION.types) :], strict=True))
    values["status"] = Status(values["status"])
    values["tags"] = tuple(values["tags"])
    values["origin_customer_id"] = _known(values["origin_customer_id"])
    return Conversation(**values, customer_id=_known(row.customer_id))


def _known(customer_id: UUID) -> UUID | None:
    return None if customer_id == NOBODY else customer_id
