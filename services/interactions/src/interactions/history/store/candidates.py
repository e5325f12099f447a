"""The conversations that interactions may belong to: found and locked in one statement."""

import zlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from common.db import Columns, Transaction
from common.runtime import in_turns
from interactions.history.domain.conversation import Conversation
from interactions.history.domain.placement import Candidate, Incoming, Via
from interactions.history.store.conversation_rows import CONVERSATION, from_row
from interactions.history.store.tiers import TIER

LOCK_STRIPES = 16_384
"""A tenant's thread keys share this many locks: a batch of any size then fits into Postgres' lock
table."""

MOST_OF_CONTACT = 50
"""So many of a contact's latest conversations are looked at; others may be other customers'."""

_ITEM = Columns(
    {
        "place": "int",
        "given": "uuid",
        "reply": "text",
        "provider": "text",
        "account": "text",
        "channel": "text",
        "channel_account": "text",
        "contact": "text",
        "customer_id": "uuid",
        "at": "timestamptz",
        "stripes": "int[]",
    }
)

# Each look-up is a LATERAL with LIMIT 1: that leaves the planner no choice but the one index that
# answers it, also while a table is too young to have statistics.
_WANTED = f"""
    WITH item AS MATERIALIZED (SELECT * FROM {_ITEM.table("items")}),
    wanted AS MATERIALIZED (
        SELECT place, 'given' AS via, given AS conversation_id FROM item WHERE given IS NOT NULL
        UNION ALL
        SELECT i.place, 'reply', r.conversation_id
        FROM item i CROSS JOIN LATERAL (
            SELECT p.origin_customer_id, p.interaction_id FROM provider_message p
            WHERE p.tenant_id = :tenant_id AND p.message_id = i.reply
            ORDER BY p.provider_name IS NOT DISTINCT FROM i.provider DESC,
                     p.provider_account IS NOT DISTINCT FROM i.account DESC, p.recorded_at DESC
            LIMIT 1) p
        CROSS JOIN LATERAL (
            SELECT x.conversation_id FROM interaction x
            WHERE x.tenant_id = :tenant_id AND x.origin_customer_id = p.origin_customer_id
              AND x.interaction_id = p.interaction_id
            LIMIT 1) r
        WHERE i.given IS NULL AND i.reply IS NOT NULL
        UNION ALL
        SELECT i.place, 'thread', t.conversation_id
        FROM item i CROSS JOIN LATERAL (
            SELECT of_contact.conversation_id FROM (
                SELECT c.conversation_id, c.origin_customer_id, c.last_activity_at
                FROM conversation c
                WHERE c.tenant_id = :tenant_id AND c.contact_key = i.contact
                  AND c.channel = i.channel
                  AND c.channel_account IS NOT DISTINCT FROM i.channel_account
                  AND c.status <> 'closed' AND c.opened_at <= i.at + cast(:span AS interval)
                  AND c.last_activity_at >= i.at - cast(:span AS interval)
                ORDER BY c.last_activity_at DESC LIMIT {MOST_OF_CONTACT}) of_contact
            -- Several customers may share a telephone; each has conversations of their own.
            WHERE i.customer_id IS NULL OR of_contact.origin_customer_id IS NULL
               OR of_contact.origin_customer_id = i.customer_id
               OR EXISTS (SELECT FROM customer_alias a
                          WHERE a.tenant_id = :tenant_id AND a.canonical_id = i.customer_id
                            AND a.origin_id = of_contact.origin_customer_id)
            ORDER BY of_contact.last_activity_at DESC LIMIT 1) t
        WHERE i.given IS NULL
        -- Contact and customer mostly lead to the same conversation: it is wanted once.
        UNION
        SELECT i.place, 'thread', t.conversation_id
        FROM item i
        CROSS JOIN LATERAL (
            SELECT origin_id FROM customer_alias
            WHERE tenant_id = :tenant_id AND canonical_id = i.customer_id
            LIMIT 1000) a
        CROSS JOIN LATERAL (
            SELECT c.conversation_id FROM conversation c
            WHERE c.tenant_id = :tenant_id AND c.origin_customer_id = a.origin_id
              AND c.channel = i.channel AND c.channel_account IS NOT DISTINCT FROM i.channel_account
              AND c.status <> 'closed' AND c.opened_at <= i.at + cast(:span AS interval)
              AND c.last_activity_at >= i.at - cast(:span AS interval)
            ORDER BY c.last_activity_at DESC LIMIT 1) t
        WHERE i.given IS NULL AND i.customer_id IS NOT NULL
    )
"""
# All transactions take locks in one order: those of threads first, sorted, then conversations,
# sorted. While this waits for a thread's lock, another transaction may open a conversation that the
# statement cannot see; so if it locked a thread, it leaves the conversations to a second run.
FIND = text(
    f"""
    {_WANTED},
    stripe AS MATERIALIZED (
        SELECT count(pg_advisory_xact_lock(:space, stripe)) AS locked
        FROM (SELECT DISTINCT unnest(stripes) AS stripe FROM item i
              WHERE given IS NULL AND place NOT IN (SELECT place FROM wanted)
              ORDER BY 1) AS ordered
    ),
    found AS MATERIALIZED (
        SELECT c.* FROM (SELECT DISTINCT conversation_id FROM wanted ORDER BY 1) w
        CROSS JOIN LATERAL (
            SELECT * FROM conversation
            WHERE tenant_id = :tenant_id AND conversation_id = w.conversation_id
            LIMIT 1 FOR UPDATE) c
        WHERE (SELECT locked FROM stripe) = 0 OR :threads_are_locked
    )
    -- From the left, so that the threads' locks come first, and are taken when nothing is wanted.
    SELECT s.locked, w.place, w.via,
           coalesce(a.canonical_id, c.origin_customer_id) AS customer_id, tier.tier,
           {CONVERSATION.of("c")}
    FROM stripe s
    LEFT JOIN (wanted w JOIN found c USING (conversation_id)
        LEFT JOIN LATERAL (
            SELECT canonical_id FROM customer_alias
            WHERE tenant_id = :tenant_id AND origin_id = c.origin_customer_id
            LIMIT 1) a ON true
        LEFT JOIN LATERAL (
            SELECT {TIER} AS tier FROM customer_profile p
            WHERE c.customer_tier IS NULL AND p.tenant_id = :tenant_id
              AND p.customer_id = coalesce(a.canonical_id, c.origin_customer_id)
            LIMIT 1) tier ON true) ON true
    """
)


async def find_candidates(
    tx: Transaction, tenant_id: str, items: Sequence[Incoming], *, window: timedelta
) -> list[Candidate]:
    """Return and lock, in one order, every conversation that one of the items may belong to.

    Where there is none, nobody else can open one for the same contact until the transaction ends.
    """
    if not items:
        return []
    values = {
        "tenant_id": tenant_id,
        "span": window,
        "space": _space(tenant_id),
        "items": _ITEM.values([_item_row(item) async for item in in_turns(items)]),
    }
    rows = (await tx.execute(FIND, values | {"threads_are_locked": False})).all()
    if rows[0].locked:
        rows = (await tx.execute(FIND, values | {"threads_are_locked": True})).all()
    known: dict[UUID, Conversation] = {}
    candidates = []
    async for row in in_turns(rows):
        if row.place is None:  # the line that says how many locks were taken, and nothing was found
            continue
        place, via, conversation_id = row.place, row.via, row.conversation_id
        if conversation_id not in known:
            known[conversation_id] = _with_tier(from_row(row), row.tier)
        candidates.append(Candidate(place, Via(via), known[conversation_id]))
    return candidates


def _with_tier(conversation: Conversation, tier: str | None) -> Conversation:
    return conversation if tier is None else conversation._replace(customer_tier=tier)


def _item_row(item: Incoming) -> dict[str, Any]:
    draft = item.draft
    return {
        "place": item.index,
        "given": draft.conversation_id,
        "reply": draft.in_reply_to,
        "provider": draft.provider and draft.provider.name,
        "account": draft.provider and draft.provider.account,
        "channel": draft.channel,
        "channel_account": draft.channel_account,
        "contact": item.contact_key,
        "customer_id": item.customer_id,
        "at": item.occurred_at,
        "stripes": [_stripe(key) for key in item.thread_keys],
    }


def _space(tenant_id: str) -> int:
    """Return the 32-bit number that keeps a tenant's locks apart from all others."""
    return zlib.crc32(f"threads|{tenant_id}".encode()) - 2**31


def _stripe(key: str) -> int:
    """Return which of the locks a key shares; the same in every process."""
    return zlib.crc32(key.encode()) % LOCK_STRIPES
