"""One customer's interactions, newest first, page by page.

A page continues after a position ``(occurred_at, sequence)``, which is unique and never changes, so
inserts and merges neither repeat nor skip interactions. Each id of the cluster is read separately.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text

from common.db import ReadConnection
from interactions.context.domain.search import Search
from interactions.context.store.cluster import CLUSTER, KNOWN, TARGET_BY_ID, target_of
from interactions.history import ShownInteraction


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineQuery:
    """One page of a timeline. ``occurred_from`` is inclusive, ``occurred_to`` is not.

    A caller that is ``bound_to`` a customer finds no other, and nothing private.
    """

    tenant_id: str
    customer_id: UUID
    limit: int
    bound_to: UUID | None
    channel: str | None = None
    kind: str | None = None
    direction: str | None = None
    occurred_from: datetime | None = None
    occurred_to: datetime | None = None
    conversation_id: UUID | None = None
    search: Search | None = None
    after: tuple[datetime, int] | None = None


@dataclass(frozen=True, slots=True)
class TimelinePage:
    """``items`` is a JSON array; ``last`` is where the next page continues, None at the end."""

    known: bool
    customer_id: UUID
    member_ids: tuple[UUID, ...]
    items: str
    last: tuple[datetime, int] | None


async def find_timeline(connection: ReadConnection, query: TimelineQuery) -> TimelinePage | None:
    """Read one page in one statement; None for the nil id and a customer out of reach."""
    conditions = _conditions(query)
    statement = _statement(frozenset(conditions), bound=query.bound_to is not None)
    values: dict[str, Any] = {
        "tenant_id": query.tenant_id,
        "customer_id": query.customer_id,
        "limit": query.limit,
    }
    if query.bound_to is not None:
        values["bound_to"] = query.bound_to
    for parameters in conditions.values():
        values |= parameters
    row = (await connection.execute(statement, values)).one_or_none()
    if row is None:
        return None
    return TimelinePage(
        known=row.known,
        customer_id=row.customer_id,
        member_ids=tuple(row.member_ids),
        items=row.items,
        last=(row.last_at, row.last_sequence) if row.more else None,
    )


_WORDS = "interaction_words(i.subject, i.text)"
_SEARCH = """(
    SELECT websearch_to_tsquery('simple', :typed)
        || (websearch_to_tsquery('simple', :head) && to_tsquery('simple', :prefix)))"""

_CONDITIONS = {
    "channel": "i.channel = :channel",
    "kind": "i.kind = :kind",
    "direction": "i.direction = :direction",
    "from": "i.occurred_at >= :occurred_from",
    "to": "i.occurred_at < :occurred_to",
    "conversation": "i.conversation_id = :conversation_id",
    "search": f"{_WORDS} @@ {_SEARCH}",
    "after": "(i.occurred_at, i.sequence) < (:after_at, :after_sequence)",
}


def _conditions(query: TimelineQuery) -> dict[str, dict[str, Any]]:
    """Return the wanted conditions, each with its parameters."""
    filters: dict[str, dict[str, Any]] = {
        "channel": {"channel": query.channel},
        "kind": {"kind": query.kind},
        "direction": {"direction": query.direction},
        "from": {"occurred_from": query.occurred_from},
        "to": {"occurred_to": query.occurred_to},
        "conversation": {"conversation_id": query.conversation_id},
    }
    conditions = {name: values for name, values in filters.items() if None not in values.values()}
    if (search := query.search) is not None:
        values = {"typed": search.typed, "head": search.head, "prefix": search.prefix}
        conditions["search"] = values
    if query.after is not None:
        conditions["after"] = {"after_at": query.after[0], "after_sequence": query.after[1]}
    return conditions


@lru_cache(maxsize=512)
def _statement(names: frozenset[str], *, bound: bool = False) -> TextClause:
    conditions = [sql for name, sql in _CONDITIONS.items() if name in names]
    if bound:
        conditions.append("NOT i.private")
    where = "".join(f" AND {condition}" for condition in conditions)
    # Without the barrier a search would walk the timeline's index and read every text on its way.
    barrier = "OFFSET 0" if "search" in names else ""
    return text(f"""
        WITH target AS MATERIALIZED ({target_of(TARGET_BY_ID, bound=bound)}), {CLUSTER},
        page AS MATERIALIZED (
            SELECT i.*, row_number() OVER (ORDER BY i.occurred_at DESC, i.sequence DESC) AS place
              FROM member m
             CROSS JOIN LATERAL (
                SELECT * FROM (
                    SELECT * FROM interaction i
                     WHERE i.tenant_id = :tenant_id
                       AND i.origin_customer_id = m.origin_id {where} {barrier}) i
                 ORDER BY i.occurred_at DESC, i.sequence DESC
                 LIMIT cast(:limit AS int) + 1) i
             ORDER BY i.occurred_at DESC, i.sequence DESC
             LIMIT cast(:limit AS int) + 1
        )
        SELECT {KNOWN} AS known,
               t.id AS customer_id,
               (SELECT array_agg(m.origin_id) FROM member m) AS member_ids,
               p.items, p.more, l.occurred_at AS last_at, l.sequence AS last_sequence
          FROM target t
         CROSS JOIN LATERAL (
            SELECT concat('[', string_agg({ShownInteraction.sql("i")}, ',' ORDER BY i.place)
                       FILTER (WHERE i.place <= :limit), ']') AS items,
                   count(*) > :limit AS more
              FROM page i) p
          LEFT JOIN page l ON l.place = :limit""")
