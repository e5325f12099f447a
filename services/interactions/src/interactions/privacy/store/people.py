"""Finds, empties and deletes what this service holds about one person.

A new table with data about people belongs here: ``test_erasures.py`` compares these lists
with the tables of the database.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from common.db import ReadConnection, Transaction
from common.erasing import Erasure, Progress, Step, bytes_contain_needle, contains_needle
from interactions.history import NOBODY

COPIES = {
    "customer_profile": ("customer_id",),
    "known_identifier": ("customer_id",),
    "customer_alias": ("canonical_id",),
    "customer_version": ("customer_id",),
    "customer_claim": ("claimant_id", "held_by"),
    "refiling": ("customer_id",),
}
"""The columns of each copy that name a person by id."""
ERASED_IN_STEPS = (
    "interaction", "provider_message", "unresolved", "conversation", "raw_delivery", "sla_clock",
    "change", "customer_pointer", "dead_letter", "outbox", "idempotency",
)  # fmt: skip
WITHOUT_PEOPLE = (
    "api_key", "channel_account", "consumer_progress", "erased_subject", "erasure_work", "inbox",
    "raw_delivery_key", "rekeying",
)  # fmt: skip
"""They hold ids, digests and numbers; ``erasure_work`` is emptied by its last step."""

PAGE = 500
_MINE = "= ANY (cast(:ids AS uuid[]))"

_VALUES = text(
    f"""
    SELECT known.value FROM (
        SELECT entry->>'value' AS value FROM customer_profile, jsonb_array_elements(entries) entry
        WHERE tenant_id = :tenant_id AND customer_id {_MINE}
        UNION SELECT entry->>'raw' FROM customer_profile, jsonb_array_elements(entries) entry
        WHERE tenant_id = :tenant_id AND customer_id {_MINE}
        UNION SELECT lookup_key FROM known_identifier
        WHERE tenant_id = :tenant_id AND customer_id {_MINE}
    ) AS known
    WHERE known.value IS NOT NULL
    """
)
_DELETE_COPIES = [
    text(f"DELETE FROM {table} WHERE tenant_id = :tenant_id AND {column} {_MINE}")
    for table, columns in COPIES.items()
    for column in columns
]

# A repetition of a provider's message must ask identity again, which knows nobody by it.
_DELETE_PAGE = """
    ), keys AS (
        DELETE FROM provider_message AS key USING hit
        WHERE key.tenant_id = :tenant_id AND key.provider_name = hit.provider_name
          AND key.provider_account = hit.provider_account
          AND key.message_id = hit.provider_message_id
    ), waiting AS (
        DELETE FROM unresolved USING hit
        WHERE unresolved.tenant_id = :tenant_id
          AND unresolved.interaction_id = hit.interaction_id
    ), gone AS (
        DELETE FROM interaction USING hit
        WHERE interaction.tenant_id = :tenant_id
          AND interaction.origin_customer_id = hit.origin_customer_id
          AND interaction.interaction_id = hit.interaction_id
        RETURNING 1
    )
"""
_INTERACTIONS = text(
    f"""
    WITH hit AS MATERIALIZED (
        SELECT * FROM interaction
        WHERE tenant_id = :tenant_id AND origin_customer_id {_MINE}
        LIMIT :rows
    {_DELETE_PAGE}
    SELECT count(*) AS erased FROM gone
    """
)
_OF_NOBODY = text(
    f"""
    WITH page AS MATERIALIZED (
        SELECT * FROM interaction
        WHERE tenant_id = :tenant_id AND origin_customer_id = '{NOBODY}'
          AND (occurred_at, sequence) > (cast(:at AS timestamptz), cast(:sequence AS bigint))
        ORDER BY occurred_at, sequence LIMIT :rows
    ), hit AS MATERIALIZED (
        SELECT * FROM page
        WHERE {contains_needle("concat_ws(' ', identifiers::text, author_id, author_name)")}
    {_DELETE_PAGE}
    , last AS (SELECT occurred_at, sequence FROM page ORDER BY occurred_at DESC, sequence DESC
               LIMIT 1)
    SELECT (SELECT count(*) FROM page) AS read, (SELECT count(*) FROM gone) AS erased,
           (SELECT occurred_at FROM last) AS at, (SELECT sequence FROM last) AS sequence
    """
)
# Others may have taken part: their conversation stays, without the person.
_ERASE_CONVERSATIONS = f"""
    ), alone AS MATERIALIZED (
        SELECT conversation_id FROM hit
        WHERE NOT EXISTS (SELECT FROM interaction
                          WHERE interaction.tenant_id = :tenant_id
                            AND interaction.conversation_id = hit.conversation_id)
    ), gone AS (
        DELETE FROM conversation USING alone
        WHERE conversation.tenant_id = :tenant_id
          AND conversation.conversation_id = alone.conversation_id
        RETURNING 1
    ), emptied AS (
        UPDATE conversation
        SET origin_customer_id = '{NOBODY}', contact_key = NULL, subject = NULL,
            attributes = '{{}}', tags = '{{}}', customer_tier = NULL
        FROM hit
        WHERE conversation.tenant_id = :tenant_id
          AND conversation.conversation_id = hit.conversation_id
          AND hit.conversation_id NOT IN (SELECT conversation_id FROM alone)
        RETURNING 1
    )
"""
_CONVERSATIONS = text(
    f"""
    WITH hit AS MATERIALIZED (
        SELECT conversation_id FROM conversation
        WHERE tenant_id = :tenant_id AND origin_customer_id {_MINE}
        LIMIT :rows
    {_ERASE_CONVERSATIONS}
    SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM emptied) AS erased
    """
)
_CONVERSATIONS_OF_NOBODY = text(
    f"""
    WITH page AS MATERIALIZED (
        SELECT conversation_id, last_activity_at, contact_key FROM conversation
        WHERE tenant_id = :tenant_id AND origin_customer_id = '{NOBODY}'
          AND (last_activity_at, conversation_id) > (cast(:at AS timestamptz), cast(:id AS uuid))
        ORDER BY last_activity_at, conversation_id LIMIT :rows
    ), hit AS MATERIALIZED (
        SELECT conversation_id FROM page WHERE {contains_needle("contact_key")}
    {_ERASE_CONVERSATIONS}
    , last AS (SELECT last_activity_at, conversation_id FROM page
               ORDER BY last_activity_at DESC, conversation_id DESC LIMIT 1)
    SELECT (SELECT count(*) FROM page) AS read,
           (SELECT count(*) FROM gone) + (SELECT count(*) FROM emptied) AS erased,
           (SELECT last_activity_at FROM last) AS at,
           (SELECT cast(conversation_id AS text) FROM last) AS id
    """
)
# A delivery that waits would be refused when it is read; its content goes now.
_DELIVERIES = text(
    f"""
    WITH page AS MATERIALIZED (
        SELECT received_at, delivery_id, body, headers FROM raw_delivery
        WHERE tenant_id = :tenant_id
          AND (received_at, delivery_id) > (cast(:at AS timestamptz), cast(:id AS uuid))
        ORDER BY received_at, delivery_id LIMIT :rows
    ), emptied AS (
        UPDATE raw_delivery AS raw
        SET body = '', headers = '[]', state = 'processed', reason = 'erased',
            leased_until = NULL, finished_at = coalesce(raw.finished_at, clock_timestamp())
        FROM page
        WHERE raw.tenant_id = :tenant_id AND raw.received_at = page.received_at
          AND raw.delivery_id = page.delivery_id
          AND ({bytes_contain_needle("page.body")} OR {contains_needle("page.headers::text")})
        RETURNING 1
    ), last AS (SELECT received_at, delivery_id FROM page
                ORDER BY received_at DESC, delivery_id DESC LIMIT 1)
    SELECT (SELECT count(*) FROM page) AS read, (SELECT count(*) FROM emptied) AS erased,
           (SELECT received_at FROM last) AS at,
           (SELECT cast(delivery_id AS text) FROM last) AS id
    """
)
_CHANGES = text(
    f"""
    WITH page AS MATERIALIZED (
        SELECT sequence, customer_id FROM change
        WHERE tenant_id = :tenant_id AND sequence > :sequence
        ORDER BY sequence LIMIT :rows
    ), gone AS (
        DELETE FROM change USING page
        WHERE change.tenant_id = :tenant_id AND change.sequence = page.sequence
          AND page.customer_id {_MINE}
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM page) AS read, (SELECT count(*) FROM gone) AS erased,
           (SELECT max(sequence) FROM page) AS sequence
    """
)
_CLOCKS = text(
    f"""
    WITH gone AS (
        DELETE FROM sla_clock WHERE tenant_id = :tenant_id AND customer_id {_MINE} RETURNING 1
    )
    SELECT count(*) AS erased FROM gone
    """
)
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC).isoformat()


async def list_values(connection: ReadConnection, tenant_id: str, ids: Sequence[UUID]) -> list[str]:
    """Return the identifiers by which our copy knows the person, in every spelling it has."""
    rows = await connection.execute(_VALUES, {"tenant_id": tenant_id, "ids": list(ids)})
    return list(rows.scalars())


async def delete_copies(tx: Transaction, tenant_id: str, ids: Sequence[UUID]) -> int:
    """Delete our copy of the person; return how many profiles that were."""
    parameters = {"tenant_id": tenant_id, "ids": list(ids)}
    profiles, *_ = [(await tx.execute(d, parameters)).rowcount for d in _DELETE_COPIES]
    return profiles


async def _erase_interactions(tx: Transaction, erasure: Erasure) -> Progress:
    row = await _run(tx, erasure, _INTERACTIONS)
    return Progress(row.erased, "more" if row.erased == PAGE else None)


async def _erase_unresolved(tx: Transaction, erasure: Erasure) -> Progress:
    """Erase what came from the person's addresses before anybody knew whose they are."""
    row = await _run(
        tx, erasure, _OF_NOBODY, **_times(erasure.cursor or {"at": _LONG_AGO, "sequence": 0})
    )
    after = {"at": row.at, "sequence": row.sequence}
    return Progress(row.erased, after if row.read == PAGE else None)


async def _erase_conversations(tx: Transaction, erasure: Erasure) -> Progress:
    if not isinstance(erasure.cursor, dict):
        row = await _run(tx, erasure, _CONVERSATIONS)
        first = {"at": _LONG_AGO, "id": str(NOBODY)}
        return Progress(row.erased, "own" if row.erased == PAGE else first)
    row = await _run(tx, erasure, _CONVERSATIONS_OF_NOBODY, **_times(erasure.cursor))
    return Progress(row.erased, {"at": row.at, "id": row.id} if row.read == PAGE else None)


async def _erase_deliveries(tx: Transaction, erasure: Erasure) -> Progress:
    cursor = erasure.cursor or {"at": _LONG_AGO, "id": str(NOBODY)}
    row = await _run(tx, erasure, _DELIVERIES, **_times(cursor))
    return Progress(row.erased, {"at": row.at, "id": row.id} if row.read == PAGE else None)


async def _erase_changes(tx: Transaction, erasure: Erasure) -> Progress:
    row = await _run(tx, erasure, _CHANGES, sequence=erasure.cursor or 0)
    return Progress(row.erased, row.sequence if row.read == PAGE else None)


async def _erase_clocks(tx: Transaction, erasure: Erasure) -> Progress:
    return Progress((await _run(tx, erasure, _CLOCKS)).erased)


async def _erase_copies(tx: Transaction, erasure: Erasure) -> Progress:
    """Delete once more what an event of another partition may have brought back."""
    return Progress(await delete_copies(tx, erasure.tenant_id, erasure.subject_ids))


STEPS = (
    Step("interaction", _erase_interactions),
    Step("unresolved", _erase_unresolved),
    Step("conversation", _erase_conversations),
    Step("raw_delivery", _erase_deliveries),
    Step("sla_clock", _erase_clocks),
    Step("change", _erase_changes),
    Step("customer_profile", _erase_copies),
)


def _times(cursor: dict[str, Any]) -> dict[str, Any]:
    return {**cursor, "at": datetime.fromisoformat(cursor["at"])}


async def _run(tx: Transaction, erasure: Erasure, statement: Any, **more: Any) -> Any:
    parameters = {
        "tenant_id": erasure.tenant_id,
        "ids": list(erasure.subject_ids),
        "needles": list(erasure.needles),
        "rows": PAGE,
        **more,
    }
    return (await tx.execute(statement, parameters)).one()
