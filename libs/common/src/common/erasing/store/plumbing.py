"""The steps for the tables that every service has: dead letters, outbox, idempotency.

The inbox holds ids and digests of events, and nothing of their content.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import TextClause, text

from common.db import Transaction
from common.erasing.steps import Erasure, Progress, Step

PAGE = 1_000
_FIRST = "00000000-0000-0000-0000-000000000000"


def contains_needle(column: str) -> str:
    """Return the SQL condition that a text column contains one of ``:needles``."""
    return (
        "EXISTS (SELECT FROM unnest(cast(:needles AS text[])) AS needle"
        f" WHERE strpos(lower({column}), needle) > 0)"
    )


def bytes_contain_needle(column: str) -> str:
    """Return the same condition for bytes, which need not be text of any encoding."""
    return (
        "EXISTS (SELECT FROM unnest(cast(:needles AS text[])) AS needle"
        f" WHERE strpos(lower(encode({column}, 'escape')),"
        " lower(encode(convert_to(needle, 'UTF8'), 'escape'))) > 0)"
    )


_DEAD_LETTERS = text(
    f"""
    WITH page AS MATERIALIZED (
        SELECT dead_letter_id, record_key, record_value, headers FROM dead_letter
        WHERE dead_letter_id > cast(:after AS uuid)
        ORDER BY dead_letter_id LIMIT :rows
    ), scrubbed AS (
        UPDATE dead_letter AS letter
        SET record_key = NULL, record_value = NULL, headers = '{{}}', reason = 'erased',
            detail = '', replayed_at = coalesce(letter.replayed_at, clock_timestamp())
        FROM page
        WHERE letter.dead_letter_id = page.dead_letter_id AND letter.reason <> 'erased'
          AND coalesce(page.headers->>'ce_tenantid', :tenant_id) = :tenant_id
          AND ({bytes_contain_needle("page.record_value")}
               OR {bytes_contain_needle("page.record_key")})
        RETURNING letter.dead_letter_id
    )
    SELECT (SELECT count(*) FROM page) AS read,
           (SELECT cast(max(cast(dead_letter_id AS text)) AS text) FROM page) AS last,
           ARRAY(SELECT cast(dead_letter_id AS text) FROM scrubbed) AS letters
    """
)
# What is not published yet must still reach its consumers, unless it is about the person alone.
# A row of the outbox is never deleted: its day is dropped.
_OUTBOX = text(
    f"""
    WITH page AS MATERIALIZED (
        SELECT written_at, position, aggregateid, payload, published_at FROM outbox
        WHERE tenant_id = :tenant_id AND type <> ALL (cast(:kept AS text[])) AND payload <> ''
          AND (written_at, position) > (cast(:at AS timestamptz), cast(:position AS bigint))
        ORDER BY written_at, position LIMIT :rows
    ), hit AS MATERIALIZED (
        SELECT *, published_at IS NULL AND aggregateid <> ALL (cast(:own AS text[])) AS waits
        FROM page WHERE {contains_needle("payload")}
    ), scrubbed AS (
        UPDATE outbox SET payload = '', headers = '{{}}',
                          published_at = coalesce(outbox.published_at, clock_timestamp())
        FROM hit
        WHERE NOT hit.waits AND outbox.written_at = hit.written_at
          AND outbox.position = hit.position
        RETURNING 1
    ), last AS (
        SELECT written_at, position FROM page ORDER BY written_at DESC, position DESC LIMIT 1
    )
    SELECT (SELECT count(*) FROM page) AS read, (SELECT count(*) FROM scrubbed) AS erased,
           (SELECT coalesce(bool_or(waits), false) FROM hit) AS waits,
           (SELECT written_at FROM last) AS at, (SELECT position FROM last) AS position
    """
)
_IDEMPOTENCY = text(
    f"""
    WITH page AS MATERIALIZED (
        SELECT principal_id, route, key, body FROM idempotency
        WHERE tenant_id = :tenant_id
          AND (principal_id, route, key) > (:principal_id, :route, :key)
        ORDER BY principal_id, route, key LIMIT :rows
    ), gone AS (
        DELETE FROM idempotency USING page
        WHERE idempotency.tenant_id = :tenant_id
          AND idempotency.principal_id = page.principal_id
          AND idempotency.route = page.route AND idempotency.key = page.key
          AND ({bytes_contain_needle("page.body")} OR {contains_needle("page.key")})
        RETURNING 1
    ), last AS (
        SELECT principal_id, route, key FROM page
        ORDER BY principal_id DESC, route DESC, key DESC LIMIT 1
    )
    SELECT (SELECT count(*) FROM page) AS read, (SELECT count(*) FROM gone) AS erased, last.*
    FROM (SELECT) AS always LEFT JOIN last ON true
    """
)


def plumbing_steps(*, kept: Sequence[str]) -> list[Step]:
    """Return the steps for the shared tables. ``kept`` are event types without personal data."""

    async def outbox(tx: Transaction, erasure: Erasure) -> Progress:
        return await _erase_outbox(tx, erasure, kept)

    return [
        Step("dead_letter", _erase_dead_letters),
        Step("outbox", outbox),
        Step("idempotency", _erase_idempotency),
    ]


async def _erase_dead_letters(tx: Transaction, erasure: Erasure) -> Progress:
    """Empty dead letters; the outbox step then finds their copies by their ids."""
    row = await _run(tx, erasure, _DEAD_LETTERS, after=erasure.cursor or _FIRST)
    return Progress(
        len(row.letters), row.last if row.read == PAGE else None, needles=tuple(row.letters)
    )


async def _erase_outbox(tx: Transaction, erasure: Erasure, kept: Sequence[str]) -> Progress:
    cursor = erasure.cursor or {"at": datetime(1970, 1, 1, tzinfo=UTC).isoformat(), "position": 0}
    row = await _run(
        tx,
        erasure,
        _OUTBOX,
        kept=list(kept),
        own=[str(subject_id) for subject_id in erasure.subject_ids],
        at=datetime.fromisoformat(cursor["at"]),
        position=cursor["position"],
    )
    if row.waits:
        return Progress(row.erased, erasure.cursor, waits=True)
    after = {"at": row.at, "position": row.position} if row.read == PAGE else None
    return Progress(row.erased, after)


async def _erase_idempotency(tx: Transaction, erasure: Erasure) -> Progress:
    cursor = erasure.cursor or {"principal_id": "", "route": "", "key": ""}
    row = await _run(tx, erasure, _IDEMPOTENCY, **cursor)
    after = {"principal_id": row.principal_id, "route": row.route, "key": row.key}
    return Progress(row.erased, after if row.read == PAGE else None)


async def _run(tx: Transaction, erasure: Erasure, statement: TextClause, **more: Any) -> Any:
    parameters = {
        "tenant_id": erasure.tenant_id,
        "needles": list(erasure.needles),
        "rows": PAGE,
        **more,
    }
    return (await tx.execute(statement, parameters)).one()
