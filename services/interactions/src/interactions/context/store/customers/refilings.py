"""Refilings that are to be done: queued, claimed one at a time, walked page by page."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from common.db import Columns, Transaction
from common.jsons import loads
from interactions.context.domain.refiling import FiledInteraction, Refiling
from interactions.history import Identifier, Level

_COLUMNS = Columns(
    {
        "tenant_id": "text",
        "customer_id": "uuid",
        "from_id": "uuid",
        "cause": "text",
        "contact_keys": "text[]",
        "since": "timestamptz",
    }
)
# Interactions may be filed under any id that leads to the customer who goes on.
_INSERT = text(
    f"""
    INSERT INTO refiling (tenant_id, customer_id, cause, from_ids, contact_keys, since,
                          requested_at, next_attempt_at)
    SELECT r.tenant_id, r.customer_id, r.cause, ARRAY(
               SELECT r.from_id UNION
               SELECT a.origin_id FROM customer_alias a
                WHERE a.tenant_id = r.tenant_id AND a.canonical_id = (
                    SELECT canonical_id FROM customer_alias
                     WHERE tenant_id = r.tenant_id AND origin_id = r.from_id)
                ORDER BY 1),
           r.contact_keys, r.since, clock_timestamp(), clock_timestamp()
      FROM {_COLUMNS.table("refilings")}
    ON CONFLICT DO NOTHING
    """
)
_CLAIM = text(
    """
    SELECT * FROM refiling WHERE next_attempt_at <= clock_timestamp()
     ORDER BY next_attempt_at LIMIT 1 FOR UPDATE SKIP LOCKED
    """
)
_PAGE = text(
    """
    WITH page AS MATERIALIZED (
        SELECT interaction_id, conversation_id, occurred_at, sequence, recorded_at,
               identifiers::text AS identifiers
          FROM interaction
         WHERE tenant_id = :tenant_id AND origin_customer_id = :from_id
           AND (occurred_at, sequence) < (coalesce(cast(:occurred_at AS timestamptz), 'infinity'),
                                          coalesce(cast(:sequence AS bigint), 0))
         ORDER BY occurred_at DESC, sequence DESC LIMIT :count
    ),
    last AS MATERIALIZED (
        SELECT occurred_at, sequence FROM page ORDER BY occurred_at, sequence LIMIT 1
    )
    SELECT l.occurred_at, l.sequence, p.interaction_id, p.conversation_id, p.identifiers,
           c.contact_key, (SELECT count(*) FROM page) AS read
      FROM last l
      LEFT JOIN (page p
        CROSS JOIN LATERAL (
            SELECT contact_key FROM conversation
             WHERE tenant_id = :tenant_id AND conversation_id = p.conversation_id
             LIMIT 1) c) ON p.recorded_at >= :since
    """
)
_MINE = "tenant_id = :tenant_id AND customer_id = :customer_id AND cause = :cause"
_SAVE = text(
    f"""
    UPDATE refiling
       SET place = :place, occurred_at = :occurred_at, sequence = :sequence, walks = :walks,
           next_attempt_at = CASE WHEN :walks = walks THEN clock_timestamp()
                                  ELSE requested_at + :pause END
     WHERE {_MINE}
    """
)
_DELETE = text(f"DELETE FROM refiling WHERE {_MINE}")


@dataclass(frozen=True, slots=True)
class Walk:
    """A refiling under way: where it is, and how many whole walks it has done."""

    tenant_id: str
    customer_id: UUID
    cause: str
    from_ids: tuple[UUID, ...]
    contact_keys: frozenset[str]
    since: datetime
    place: int
    """Which of ``from_ids`` is being walked, from 1 on."""
    after: tuple[datetime, int] | None
    walks: int

    @property
    def from_id(self) -> UUID:
        return self.from_ids[self.place - 1]


@dataclass(frozen=True, slots=True)
class Page:
    """Interactions recorded since, among those looked at; ``last`` is None at the end."""

    interactions: list[FiledInteraction]
    last: tuple[datetime, int] | None


async def insert_refilings(tx: Transaction, refilings: Sequence[Refiling]) -> None:
    """Queue refilings; one that is queued already stays as it is."""
    if refilings:
        rows = [asdict(each) for each in refilings]
        await tx.execute(_INSERT, {"refilings": _COLUMNS.values(rows)})


async def claim_refiling(tx: Transaction) -> Walk | None:
    """Return the refiling that has waited longest, locked until the transaction ends."""
    row = (await tx.execute(_CLAIM)).one_or_none()
    if row is None:
        return None
    return Walk(
        row.tenant_id,
        row.customer_id,
        row.cause,
        tuple(row.from_ids),
        frozenset(row.contact_keys),
        row.since,
        row.place,
        None if row.occurred_at is None else (row.occurred_at, row.sequence),
        row.walks,
    )


async def list_page(tx: Transaction, walk: Walk, *, count: int, region: str | None) -> Page:
    """Look at the next interactions; ``region`` is for numbers that name no country."""
    occurred_at, sequence = walk.after or (None, None)
    values = {
        "tenant_id": walk.tenant_id,
        "from_id": walk.from_id,
        "since": walk.since,
        "occurred_at": occurred_at,
        "sequence": sequence,
        "count": count,
    }
    rows = (await tx.execute(_PAGE, values)).all()
    interactions = [_filed(row, region) for row in rows if row.interaction_id is not None]
    more = bool(rows) and rows[0].read == count
    return Page(interactions, (rows[0].occurred_at, rows[0].sequence) if more else None)


async def save_walk(tx: Transaction, walk: Walk, *, pause: timedelta) -> None:
    """Note how far a walk is; ``pause`` after the request, a further walk begins."""
    occurred_at, sequence = walk.after or (None, None)
    values = {"occurred_at": occurred_at, "sequence": sequence, "pause": pause}
    await tx.execute(_SAVE, {**_address(walk), "place": walk.place, "walks": walk.walks, **values})


async def delete_walk(tx: Transaction, walk: Walk) -> None:
    """Delete a refiling that is done."""
    await tx.execute(_DELETE, _address(walk))


def _address(walk: Walk) -> dict[str, object]:
    return {"tenant_id": walk.tenant_id, "customer_id": walk.customer_id, "cause": walk.cause}


def _filed(row: Any, region: str | None) -> FiledInteraction:
    identifiers = tuple(
        Identifier(i["type"], i["value"], i["scope"], Level(i["level"]), region)
        for i in loads(row.identifiers)
    )
    return FiledInteraction(row.interaction_id, row.conversation_id, identifiers, row.contact_key)
