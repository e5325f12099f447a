"""Takes the customer out of clocks, conversations and alerts; their arithmetic stays.

This service knows a person by id only. A new table that names a customer belongs here:
``test_erasures.py`` compares these lists with the tables of the database.
"""

from typing import Any

from sqlalchemy import text

from common.db import Transaction
from common.erasing import Erasure, Progress, Step, contains_needle

EMPTIED = (
    "clock", "conversation", "alert", "customer_pointer", "dead_letter", "outbox", "idempotency",
)  # fmt: skip
WITHOUT_PEOPLE = (
    "api_key", "calendar_version", "checkpoint", "consumer_progress", "erased_subject",
    "erasure_work", "fact", "fold", "inbox", "policy_version", "ruleset", "ruleset_head",
)  # fmt: skip

PAGE = 1_000


def _nobody(table: str, key: str) -> Any:
    """Return the statement that takes the customer out of a page of rows."""
    return text(
        f"""
        WITH page AS MATERIALIZED (
            SELECT tenant_id, {key} FROM {table}
            WHERE tenant_id = :tenant_id AND customer_id = ANY (cast(:ids AS uuid[]))
            ORDER BY {key} LIMIT :rows FOR UPDATE
        ), emptied AS (
            UPDATE {table} SET customer_id = NULL FROM page
            WHERE {table}.tenant_id = page.tenant_id AND {table}.{key} = page.{key}
            RETURNING 1
        )
        SELECT count(*) AS emptied FROM emptied
        """
    )


_CLOCKS = _nobody("clock", "clock_id")
_CONVERSATIONS = _nobody("conversation", "conversation_id")
_ALERTS = text(
    f"""
    WITH page AS MATERIALIZED (
        SELECT position, recorded_at, body FROM alert
        WHERE tenant_id = :tenant_id AND position > :after
        ORDER BY position LIMIT :rows
    ), emptied AS (
        UPDATE alert SET body = cast(jsonb_set(cast(alert.body AS jsonb), '{{customer_id}}', 'null')
                                     AS text)
        FROM page
        WHERE alert.tenant_id = :tenant_id AND alert.position = page.position
          AND alert.recorded_at = page.recorded_at AND {contains_needle("page.body")}
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM page) AS read, (SELECT count(*) FROM emptied) AS emptied,
           (SELECT max(position) FROM page) AS last
    """
)
_POINTERS = text(
    """
    WITH gone AS (
        DELETE FROM customer_pointer
        WHERE tenant_id = :tenant_id
          AND (customer_id = ANY (cast(:ids AS uuid[])) OR target_id = ANY (cast(:ids AS uuid[])))
        RETURNING 1
    )
    SELECT count(*) AS emptied FROM gone
    """
)


async def _empty_clocks(tx: Transaction, erasure: Erasure) -> Progress:
    row = await _run(tx, erasure, _CLOCKS)
    return Progress(row.emptied, "more" if row.emptied == PAGE else None)


async def _empty_conversations(tx: Transaction, erasure: Erasure) -> Progress:
    row = await _run(tx, erasure, _CONVERSATIONS)
    return Progress(row.emptied, "more" if row.emptied == PAGE else None)


async def _empty_alerts(tx: Transaction, erasure: Erasure) -> Progress:
    row = await _run(tx, erasure, _ALERTS, after=erasure.cursor or 0)
    return Progress(row.emptied, row.last if row.read == PAGE else None)


async def _delete_pointers(tx: Transaction, erasure: Erasure) -> Progress:
    return Progress((await _run(tx, erasure, _POINTERS)).emptied)


STEPS = (
    Step("clock", _empty_clocks),
    Step("conversation", _empty_conversations),
    Step("alert", _empty_alerts),
    Step("customer_pointer", _delete_pointers),
)


async def _run(tx: Transaction, erasure: Erasure, statement: Any, **more: Any) -> Any:
    parameters = {
        "tenant_id": erasure.tenant_id,
        "ids": list(erasure.subject_ids),
        "needles": list(erasure.needles),
        "rows": PAGE,
        **more,
    }
    return (await tx.execute(statement, parameters)).one()
