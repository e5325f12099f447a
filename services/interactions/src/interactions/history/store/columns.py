"""The columns of what is saved in bulk, and the statements made of them.

A batch is written by one statement whatever its size: its rows are one parameter, a JSON array of
objects. That is several times cheaper to encode than an array per column. Only the names and types
below go into a statement's text; every value is bound.
"""

import zlib
from collections.abc import Mapping
from typing import Any

from interactions.history.domain.contact import NOBODY
from interactions.history.domain.conversation import Conversation

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


def rows_of(parameter: str, columns: Mapping[str, str]) -> str:
    """Return the SQL that reads a parameter's rows as a table ``r``, in their order."""
    typed = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    return f"jsonb_to_recordset(cast(:{parameter} AS jsonb)) AS r ({typed})"


def upsert(table: str, columns: Mapping[str, str], *, key: str) -> str:
    """Return a statement that inserts, for one tenant, the rows of the parameter ``:<table>s``.

    Those with a key that exists are overwritten.
    """
    names = ", ".join(columns)
    overwritten = ", ".join(f"{name} = excluded.{name}" for name in columns if name != key)
    return (
        f"INSERT INTO {table} (tenant_id, {names}) SELECT :tenant_id, {names}"
        f" FROM {rows_of(f'{table}s', columns)}"
        f" ON CONFLICT (tenant_id, {key}) DO UPDATE SET {overwritten}"
    )


def conversation_row(conversation: Conversation) -> dict[str, Any]:
    """Return a conversation as a row of ``CONVERSATION``; a name that is no column is not read."""
    row = conversation._asdict()
    row["origin_customer_id"] = conversation.origin_customer_id or NOBODY
    return row


def stripe(key: str, stripes: int) -> int:
    """Return which of the locks a key shares; the same in every process."""
    return zlib.crc32(key.encode()) % stripes
