"""Interactions whose customer is not known yet: queued, claimed in batches, attached."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from common.db import Transaction
from common.jsons import loads
from interactions.history.domain.contact import NOBODY, Contact, Identifier
from interactions.history.domain.interaction import ProviderKey
from interactions.history.domain.placement import Placed
from interactions.history.store.interactions import identifiers_json

_QUEUE = text(
    """
    INSERT INTO unresolved (tenant_id, interaction_id, conversation_id, identifiers,
                            claimed_customer_id, observed_at, next_attempt_at, refused)
    SELECT :tenant_id, interaction_id, conversation_id, identifiers, customer_id, at, :now, refused
    FROM unnest(cast(:interactions AS uuid[]), cast(:conversations AS uuid[]),
                cast(:identifiers AS jsonb[]), cast(:customers AS uuid[]),
                cast(:times AS timestamptz[]), cast(:reasons AS text[]))
         AS u (interaction_id, conversation_id, identifiers, customer_id, at, refused)
    """
)
# The lease is the next attempt: who claims a row has until then, and a crash frees it by itself.
_CLAIM = text(
    """
    UPDATE unresolved u
    SET attempts = attempts + 1,
        next_attempt_at = clock_timestamp()
            + least(300, 2 * power(2, least(attempts, 10))) * interval '1 second'
    FROM (
        SELECT tenant_id, interaction_id FROM unresolved
        WHERE refused IS NULL AND next_attempt_at <= clock_timestamp()
        ORDER BY next_attempt_at LIMIT :count
        FOR UPDATE SKIP LOCKED) due
    WHERE u.tenant_id = due.tenant_id AND u.interaction_id = due.interaction_id
    RETURNING u.tenant_id, u.interaction_id, u.conversation_id, u.identifiers::text AS identifiers,
              u.claimed_customer_id, u.observed_at
    """
)
_HURRY = text(
    """
    UPDATE unresolved SET next_attempt_at = clock_timestamp()
    WHERE refused IS NULL AND next_attempt_at > clock_timestamp()
    """
)
_REFUSE = text(
    """
    UPDATE unresolved u SET refused = r.reason
    FROM unnest(cast(:ids AS uuid[]), cast(:reasons AS text[])) AS r (interaction_id, reason)
    WHERE u.tenant_id = :tenant_id AND u.interaction_id = r.interaction_id
    """
)
_TAKE = text(
    """
    DELETE FROM unresolved
    WHERE tenant_id = :tenant_id AND interaction_id = ANY (cast(:ids AS uuid[]))
    RETURNING interaction_id, conversation_id
    """
)
_ATTACH = text(
    """
    UPDATE interaction x SET origin_customer_id = a.customer_id
    FROM unnest(cast(:ids AS uuid[]), cast(:customers AS uuid[])) AS a (interaction_id, customer_id)
    WHERE x.tenant_id = :tenant_id AND x.origin_customer_id = :nobody
      AND x.interaction_id = a.interaction_id
    RETURNING x.interaction_id, x.conversation_id, x.origin_customer_id, x.provider_name,
              x.provider_account, x.provider_message_id, x.occurred_at, x.backfill
    """
)
# What names no contact of its own (an agent's note, say) goes with its conversation.
_FOLLOWERS = text(
    """
    SELECT x.interaction_id, x.conversation_id
    FROM interaction x
    WHERE x.tenant_id = :tenant_id AND x.origin_customer_id = :nobody
      AND x.conversation_id = ANY (cast(:conversations AS uuid[]))
      AND NOT EXISTS (SELECT FROM unresolved u WHERE u.tenant_id = x.tenant_id
                      AND u.interaction_id = x.interaction_id)
    ORDER BY x.interaction_id
    """
)


@dataclass(frozen=True, slots=True)
class Unresolved:
    """An interaction that waits for its customer."""

    tenant_id: str
    interaction_id: UUID
    conversation_id: UUID
    identifiers: tuple[Identifier, ...]
    claimed_customer_id: UUID | None
    observed_at: datetime


@dataclass(frozen=True, slots=True)
class Attached:
    """An interaction that has just got its customer."""

    interaction_id: UUID
    conversation_id: UUID
    customer_id: UUID
    occurred_at: datetime
    provider: ProviderKey | None
    backfill: bool


async def queue_unresolved(
    tx: Transaction,
    tenant_id: str,
    rows: Sequence[tuple[Placed, Contact]],
    *,
    now: datetime,
) -> None:
    """Remember interactions to ask identity about, later."""
    if not rows:
        return
    await tx.execute(
        _QUEUE,
        {
            "tenant_id": tenant_id,
            "now": now,
            "interactions": [placed.item.interaction_id for placed, _ in rows],
            "conversations": [placed.conversation_id for placed, _ in rows],
            "identifiers": [identifiers_json(p.item.draft.identifiers) for p, _ in rows],
            "customers": [contact.claimed_customer_id for _, contact in rows],
            "times": [placed.item.occurred_at for placed, _ in rows],
            "reasons": [contact.refused for _, contact in rows],
        },
    )


async def claim_unresolved(tx: Transaction, *, count: int) -> list[Unresolved]:
    """Claim due rows of any tenant; nobody else gets them before the next attempt is due."""
    result = await tx.execute(_CLAIM, {"count": count})
    return [
        Unresolved(
            row.tenant_id,
            row.interaction_id,
            row.conversation_id,
            tuple(Identifier(**i) for i in loads(row.identifiers)),
            row.claimed_customer_id,
            row.observed_at,
        )
        for row in result
    ]


async def hurry_unresolved(tx: Transaction) -> int:
    """Make everything that waits due now, because identity is back; return how many."""
    result = await tx.execute(_HURRY)
    return result.rowcount


async def refuse_unresolved(tx: Transaction, tenant_id: str, reasons: dict[UUID, str]) -> None:
    """Stop asking about these, and say why."""
    if reasons:
        await tx.execute(
            _REFUSE,
            {
                "tenant_id": tenant_id,
                "ids": list(reasons),
                "reasons": list(reasons.values()),
            },
        )


async def take_unresolved(tx: Transaction, tenant_id: str, ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """Remove rows from the queue; return the conversations of those that were still there."""
    result = await tx.execute(_TAKE, {"tenant_id": tenant_id, "ids": list(ids)})
    return {row.interaction_id: row.conversation_id for row in result}


async def find_followers(
    tx: Transaction, tenant_id: str, conversations: Sequence[UUID]
) -> dict[UUID, UUID]:
    """Return the unresolved interactions that share their conversation's fate."""
    result = await tx.execute(
        _FOLLOWERS,
        {"tenant_id": tenant_id, "nobody": NOBODY, "conversations": list(conversations)},
    )
    return {row.interaction_id: row.conversation_id for row in result}


async def attach_interactions(
    tx: Transaction, tenant_id: str, customers: dict[UUID, UUID]
) -> list[Attached]:
    """File interactions under their customers, oldest first; one already filed stays."""
    if not customers:
        return []
    result = await tx.execute(
        _ATTACH,
        {
            "tenant_id": tenant_id,
            "nobody": NOBODY,
            "ids": list(customers),
            "customers": list(customers.values()),
        },
    )
    found = [
        Attached(
            row.interaction_id,
            row.conversation_id,
            row.origin_customer_id,
            row.occurred_at,
            _provider(row),
            row.backfill,
        )
        for row in result
    ]
    return sorted(found, key=lambda a: (a.occurred_at, a.interaction_id))


def _provider(row: Any) -> ProviderKey | None:
    if row.provider_message_id is None:
        return None
    return ProviderKey(row.provider_name, row.provider_account, row.provider_message_id)
