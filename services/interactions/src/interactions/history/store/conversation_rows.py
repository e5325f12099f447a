"""Conversations between their rows and their values."""

from datetime import datetime
from types import NoneType
from typing import Any, get_args, get_type_hints
from uuid import UUID

from sqlalchemy import Row

from common.db import Columns
from interactions.history.domain.contact import NOBODY
from interactions.history.domain.conversation import Conversation, Status

_TYPES = {
    UUID: "uuid",
    str: "text",
    int: "bigint",
    Status: "text",
    datetime: "timestamptz",
    tuple[str, ...]: "text[]",
}


def _columns() -> dict[str, str]:
    """Return the columns of ``conversation``: all fields except today's customer."""
    kinds = get_type_hints(Conversation)
    del kinds["customer_id"]
    return {name: _TYPES[_without_null(kind)] for name, kind in kinds.items()}


def _without_null(kind: Any) -> Any:
    options = [option for option in get_args(kind) if option is not NoneType]
    return options[0] if NoneType in get_args(kind) else kind


CONVERSATION = Columns(_columns())


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
