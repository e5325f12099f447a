"""The columns that are written in bulk, and the statements made of them.

A batch is written by one statement whatever its size: its rows are one parameter, a JSON array of
objects. That is several times cheaper to encode than an array per column. Only the names and types
below go into a statement's text; every value is bound.
"""

import zlib
from collections.abc import Mapping
from typing import Any

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


def rows_of(parameter: str, columns: Mapping[str, str]) -> str:
    """Return the SQL that reads a parameter's rows as a table ``r``, in their order."""
    typed = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    return f"jsonb_to_recordset(cast(:{parameter} AS jsonb)) AS r ({typed})"


def insert(table: str, columns: Mapping[str, str]) -> str:
    """Return a statement that inserts, for one tenant, the rows of the parameter ``:<table>s``."""
    names = ", ".join(columns)
    return (
        f"INSERT INTO {table} (tenant_id, {names}) SELECT :tenant_id, {names}"
        f" FROM {rows_of(f'{table}s', columns)}"
    )


def upsert(table: str, columns: Mapping[str, str], *, key: str) -> str:
    """Return a statement that inserts rows, or overwrites those with the same key."""
    overwritten = ", ".join(f"{name} = excluded.{name}" for name in columns if name != key)
    return f"{insert(table, columns)} ON CONFLICT (tenant_id, {key}) DO UPDATE SET {overwritten}"


def conversation_row(conversation: Conversation) -> dict[str, Any]:
    """Return a conversation as a row of ``CONVERSATION``; a name that is no column is not read."""
    row = conversation._asdict()
    row["origin_customer_id"] = conversation.origin_customer_id or NOBODY
    return row


def stripe(key: str, stripes: int) -> int:
    """Return which of the locks a key shares; the same in every process."""
    return zlib.crc32(key.encode()) % stripes
