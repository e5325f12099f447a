"""The pieces of SQL that make JSON of our rows, shared by context, timeline and change feed.

Rows with many columns are written as text by one ``concat``: that takes a third of the time that
``json_build_object`` needs, and the context is mostly such rows.
"""

from collections.abc import Mapping

NIL = "00000000-0000-0000-0000-000000000000"
"""The origin of what nobody has been found for yet; never a customer."""

TEXT_LIMIT = 10_000
"""Characters of one text inside a context; the timeline gives the whole."""
DATA_LIMIT_BYTES = 16_384

CLUSTER = f"""
member AS MATERIALIZED (
    SELECT t.id AS origin_id FROM target t
    UNION
    SELECT a.origin_id FROM target t
      JOIN customer_alias a ON a.tenant_id = :tenant_id AND a.canonical_id = t.id
     WHERE a.origin_id <> '{NIL}'
)"""
"""Every id of the customer in the CTE ``target``: all that resolve to the same canonical id."""

TARGET_BY_ID = f"""
    SELECT coalesce(
        (SELECT a.canonical_id FROM customer_alias a
          WHERE a.tenant_id = :tenant_id AND a.origin_id = cast(:customer_id AS uuid)),
        cast(:customer_id AS uuid)) AS id
    WHERE cast(:customer_id AS uuid) <> '{NIL}'"""

KNOWN = """(
    EXISTS (SELECT FROM customer_profile p
             WHERE p.tenant_id = :tenant_id AND p.customer_id = t.id)
    OR EXISTS (SELECT FROM customer_alias a
                WHERE a.tenant_id = :tenant_id AND a.origin_id = t.id)
    OR EXISTS (SELECT FROM conversation c
                WHERE c.tenant_id = :tenant_id AND c.origin_customer_id = t.id))"""
"""Whether this tenant has ever heard of the customer ``t.id``."""


def iso(column: str) -> str:
    """Return the SQL that writes a timestamptz as RFC 3339 in UTC with microseconds."""
    return f"""to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24":"MI":"SS.US"Z"')"""


def json_object(members: Mapping[str, str]) -> str:
    """Return the SQL that writes an object; each member's SQL gives JSON as text, never null."""
    pieces = [f"""'{"," if place else "{"}"{name}":', {sql}"""
              for place, (name, sql) in enumerate(members.items())]  # fmt: skip
    return f"concat({', '.join(pieces)}, '}}')"


def json_array(item: str, *, order: str, rows: str) -> str:
    """Return the SQL (a scalar query) that writes an array of one item for each of the rows."""
    return f"(SELECT concat('[', string_agg({item}, ',' ORDER BY {order}), ']') FROM {rows})"


def _text(column: str) -> str:
    return f"to_json({column})"


def _text_or_null(column: str) -> str:
    return f"coalesce(to_json({column})::text, 'null')"


def _id(column: str) -> str:
    return f"""'"', {column}, '"'"""


def _id_or_null(column: str) -> str:
    return f"""coalesce('"' || {column} || '"', 'null')"""


def _time(column: str) -> str:
    return f"""'"', {iso(column)}, '"'"""


def _time_or_null(column: str) -> str:
    return f"""coalesce('"' || {iso(column)} || '"', 'null')"""


def _flag(column: str) -> str:
    return f"{column}::text"


def interaction_json(row: str, *, shortened: bool = False) -> str:
    """Return the SQL that writes one interaction as the API shows it, as text.

    ``shortened`` cuts long texts and leaves large data out, and says so in ``truncated``.
    """
    text, data = f"{row}.text", f"{row}.data"
    members = {
        "interaction_id": _id(f"{row}.interaction_id"),
        "conversation_id": _id(f"{row}.conversation_id"),
        "origin_customer_id": _id_or_null(f"nullif({row}.origin_customer_id, '{NIL}')"),
        "sequence": f"{row}.sequence",
        "channel": _text(f"{row}.channel"),
        "kind": _text(f"{row}.kind"),
        "direction": _text(f"{row}.direction"),
        "author": json_object(
            {
                "type": _text(f"{row}.author_type"),
                "id": _text_or_null(f"{row}.author_id"),
                "name": _text_or_null(f"{row}.author_name"),
            }
        ),
        "private": _flag(f"{row}.private"),
        "automated": _flag(f"{row}.automated"),
        "subject": _text_or_null(f"{row}.subject"),
        "text": _text_or_null(f"left({text}, {TEXT_LIMIT})" if shortened else text),
        "data": f"CASE WHEN pg_column_size({data}) <= {DATA_LIMIT_BYTES} THEN {data}::text"
        f" ELSE 'null' END"
        if shortened
        else data,
        "attachments": f"{row}.attachments",
        "identifiers": f"{row}.identifiers",
        "provider": f"""CASE WHEN {row}.provider_name IS NULL THEN 'null' ELSE {
            json_object(
                {
                    "name": _text(f"{row}.provider_name"),
                    "account": _text_or_null(f"{row}.provider_account"),
                    "message_id": _text_or_null(f"{row}.provider_message_id"),
                }
            )
        } END""",
        "in_reply_to": _text_or_null(f"{row}.in_reply_to"),
        "occurred_at": _time(f"{row}.occurred_at"),
        "received_at": _time(f"{row}.received_at"),
        "recorded_at": _time(f"{row}.recorded_at"),
        "time_source": _text(f"{row}.time_source"),
        "backfill": _flag(f"{row}.backfill"),
    }
    if shortened:
        cut = f"coalesce(octet_length({text}), 0) > {TEXT_LIMIT}"
        members["truncated"] = _flag(f"({cut} OR pg_column_size({data}) > {DATA_LIMIT_BYTES})")
    return json_object(members)


def conversation_json(row: str) -> str:
    """Return the SQL that writes one conversation as the context shows it, as text."""
    texts = ("channel_account", "priority", "team", "assignee", "language", "brand", "subject")
    times = ("last_inbound_at", "last_outbound_at", "waiting_since", "first_response_at")
    return json_object(
        {
            "conversation_id": _id(f"{row}.conversation_id"),
            "origin_customer_id": _id(f"{row}.origin_customer_id"),
            "channel": _text(f"{row}.channel"),
            "status": _text(f"{row}.status"),
            **{name: _text_or_null(f"{row}.{name}") for name in texts},
            "tags": f"to_json({row}.tags)",
            "version": f"{row}.version",
            "interaction_count": f"{row}.interaction_count",
            "reopen_count": f"{row}.reopen_count",
            "opened_at": _time(f"{row}.opened_at"),
            "last_activity_at": _time(f"{row}.last_activity_at"),
            **{name: _time_or_null(f"{row}.{name}") for name in times},
        }
    )
