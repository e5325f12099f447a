"""The columns that are written in bulk, and the statements made of them.

A batch is written by one statement whatever its size: one array per column, unnested. Only the
names and types below go into a statement's text; every value is bound.
"""

import zlib
from collections.abc import Mapping
from typing import Any

from common.jsons import dumps_text
from interactions.domain.contact import NOBODY
from interactions.domain.conversation import Conversation

CONVERSATION: Mapping[str, str] = {
    "conversation_id": "uuid",
    "origin_customer_id": "uuid",
    "contact_key": "text",
    "channel": "text",
    "channel_account": "text",
    "status": "text",
    "priority": "text",
    "team": "text",
    "assignee": "text",
    "tags": "jsonb",
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
CONVERSATION_KEY = "conversation_id"

INTERACTION: Mapping[str, str] = {
    "origin_customer_id": "uuid",
    "interaction_id": "uuid",
    "conversation_id": "uuid",
    "sequence": "bigint",
    "channel": "text",
    "kind": "text",
    "direction": "text",
    "author_type": "text",
    "author_id": "text",
    "author_name": "text",
    "private": "bool",
    "automated": "bool",
    "subject": "text",
    "text": "text",
    "data": "jsonb",
    "attachments": "jsonb",
    "identifiers": "jsonb",
    "provider_name": "text",
    "provider_account": "text",
    "provider_message_id": "text",
    "in_reply_to": "text",
    "occurred_at": "timestamptz",
    "received_at": "timestamptz",
    "recorded_at": "timestamptz",
    "time_source": "text",
    "time_claim": "text",
    "backfill": "bool",
}

# Arrays of arrays must not be ragged, so a column of lists travels as JSON.
_FROM_JSON = {"tags": "ARRAY(SELECT jsonb_array_elements_text(r.tags))"}


def insert(table: str, columns: Mapping[str, str]) -> str:
    """Return a statement that inserts one row per array element, for one tenant."""
    names = ", ".join(columns)
    taken = ", ".join(_FROM_JSON.get(name, f"r.{name}") for name in columns)
    arrays = ", ".join(f"cast(:{name} AS {kind}[])" for name, kind in columns.items())
    return (
        f"INSERT INTO {table} (tenant_id, {names}) SELECT :tenant_id, {taken}"
        f" FROM unnest({arrays}) AS r ({names})"
    )


def upsert(table: str, columns: Mapping[str, str], *, key: str) -> str:
    """Return a statement that inserts rows, or overwrites those with the same key."""
    overwritten = ", ".join(f"{name} = excluded.{name}" for name in columns if name != key)
    return f"{insert(table, columns)} ON CONFLICT (tenant_id, {key}) DO UPDATE SET {overwritten}"


def value_of(conversation: Conversation, name: str) -> Any:
    """Return a conversation's value in the form in which it is bound."""
    if name == "tags":
        return dumps_text(conversation.tags)
    value = getattr(conversation, name)
    return NOBODY if name == "origin_customer_id" and value is None else value


def stripe(key: str, stripes: int) -> int:
    """Return which of the locks a key shares; the same in every process."""
    return zlib.crc32(key.encode()) % stripes
