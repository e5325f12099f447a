"""Interactions whose customer is unknown: queued, claimed in batches, attached."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from common.db import Columns, Transaction
from common.jsons import loads
from interactions.history.domain.contact import NOBODY, Contact, Identifier, Level
from interactions.history.domain.interaction import ProviderKey
from interactions.history.domain.placement import Placement
from interactions.history.store.interactions import identifier_values

_ROWS = Columns(
    {
        "interaction_id": "uuid",
        "conversation_id": "uuid",
        "identifiers": "jsonb",
        "claimed_customer_id": "uuid",
        "observed_at": "timestamptz",
        "refused": "text",
    }
)
_REASONS = Columns({"interaction_id": "uuid", "reason": "text"})
_CUSTOMERS = Columns({"interaction_id": "uuid", "customer_id": "uuid"})

_INSERT = text(
    f"""
    INSERT INTO unresolved (tenant_id, {_ROWS.names}, next_attempt_at)
    SELECT :tenant_id, {_ROWS.names}, :now FROM {_ROWS.table("rows")}
    """
)
# The next attempt is also the lease: a claim lasts until then, and a crash frees it by itself.
# The tenants are found by jumping through the index from one to the next, so the claim costs what
# the tenants and the claimed rows cost, however long one tenant's backlog is.
_CLAIM = text(
    """
    WITH RECURSIVE tenant (tenant_id, place) AS (
        (SELECT tenant_id, 1 FROM unresolved
         WHERE refused IS NULL AND tenant_id > :after ORDER BY tenant_id LIMIT 1)
        UNION ALL
        SELECT following.tenant_id, t.place + 1 FROM tenant t CROSS JOIN LATERAL (
            SELECT tenant_id FROM unresolved
            WHERE refused IS NULL AND tenant_id > t.tenant_id
            ORDER BY tenant_id LIMIT 1) following
        WHERE t.place < :tenants
    ),
    waiting AS MATERIALIZED (
        SELECT t.tenant_id FROM tenant t CROSS JOIN LATERAL (
            SELECT FROM unresolved
            WHERE refused IS NULL AND tenant_id = t.tenant_id
              AND next_attempt_at <= clock_timestamp()
            ORDER BY next_attempt_at LIMIT 1) due
    ),
    due AS MATERIALIZED (
        SELECT due.* FROM waiting CROSS JOIN LATERAL (
            SELECT tenant_id, interaction_id FROM unresolved
            WHERE refused IS NULL AND tenant_id = waiting.tenant_id
              AND next_attempt_at <= clock_timestamp()
            ORDER BY next_attempt_at
            LIMIT greatest(1, :count / (SELECT count(*) FROM waiting))
            FOR UPDATE SKIP LOCKED) due
        LIMIT :count
    )
    UPDATE unresolved u
    SET attempts = attempts + 1,
        next_attempt_at = clock_timestamp()
            + least(300, 2 * power(2, least(attempts, 10))) * interval '1 second'
    FROM due
    WHERE u.tenant_id = due.tenant_id AND u.interaction_id = due.interaction_id
    RETURNING u.tenant_id, u.interaction_id, u.conversation_id, u.identifiers::text AS identifiers,
              u.claimed_customer_id, u.observed_at, u.attempts,
              EXISTS (SELECT FROM interaction x
                      WHERE x.tenant_id = u.tenant_id AND x.origin_customer_id = :nobody
                        AND x.interaction_id = u.interaction_id
                        AND x.direction = 'inbound') AS by_sender
    """
)
_MARK_DUE = text(
    """
    UPDATE unresolved SET next_attempt_at = clock_timestamp()
    WHERE refused IS NULL AND next_attempt_at > clock_timestamp()
    """
)
_MARK_REFUSED = text(
    f"""
    UPDATE unresolved u SET refused = r.reason
    FROM {_REASONS.table("reasons")}
    WHERE u.tenant_id = :tenant_id AND u.interaction_id = r.interaction_id
    """
)
_DELETE_INTERACTIONS = text(
    f"""
    WITH gone AS (
        DELETE FROM interaction
        WHERE tenant_id = :tenant_id AND origin_customer_id = '{NOBODY}'
          AND interaction_id = ANY (cast(:ids AS uuid[]))
        RETURNING conversation_id, provider_name, provider_account, provider_message_id
    ), keys AS (
        DELETE FROM provider_message AS key USING gone
        WHERE key.tenant_id = :tenant_id AND key.provider_name = gone.provider_name
          AND key.provider_account = gone.provider_account
          AND key.message_id = gone.provider_message_id
    ), waiting AS (
        DELETE FROM unresolved
        WHERE tenant_id = :tenant_id AND interaction_id = ANY (cast(:ids AS uuid[]))
    )
    DELETE FROM conversation USING gone
    WHERE conversation.tenant_id = :tenant_id
      AND conversation.conversation_id = gone.conversation_id
      AND NOT EXISTS (
          SELECT FROM interaction
          WHERE interaction.tenant_id = :tenant_id
            AND interaction.conversation_id = gone.conversation_id
            AND interaction.interaction_id <> ALL (cast(:ids AS uuid[])))
    """
)
_DELETE = text(
    """
    DELETE FROM unresolved
    WHERE tenant_id = :tenant_id AND interaction_id = ANY (cast(:ids AS uuid[]))
    RETURNING interaction_id, conversation_id
    """
)
_SAVE_CUSTOMERS = text(
    f"""
    UPDATE interaction x SET origin_customer_id = c.customer_id
    FROM {_CUSTOMERS.table("customers", "c")}
    WHERE x.tenant_id = :tenant_id AND x.origin_customer_id = :from_id
      AND x.interaction_id = c.interaction_id
    RETURNING x.interaction_id, x.conversation_id, x.origin_customer_id, x.provider_name,
              x.provider_account, x.provider_message_id, x.occurred_at, x.backfill
    """
)
# An interaction without identifiers (an agent's note, say) has its conversation's customer.
_FIND_FOLLOWERS = text(
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
    attempts: int
    by_sender: bool
    """Whether the identifiers are the sender's own, and not of whom we wrote to."""


@dataclass(frozen=True, slots=True)
class Attached:
    """An interaction that has just got its customer."""

    interaction_id: UUID
    conversation_id: UUID
    customer_id: UUID
    occurred_at: datetime
    provider: ProviderKey | None
    backfill: bool


async def insert_unresolved(
    tx: Transaction,
    tenant_id: str,
    placed_contacts: Sequence[tuple[Placement, Contact]],
    *,
    now: datetime,
) -> None:
    """Queue interactions for another request to identity."""
    if not placed_contacts:
        return
    rows = [
        {
            "interaction_id": placed.item.interaction_id,
            "conversation_id": placed.conversation_id,
            "identifiers": [_stored(i) for i in placed.item.draft.identifiers],
            "claimed_customer_id": contact.claimed_customer_id,
            "observed_at": placed.item.occurred_at,
            "refused": contact.refused,
        }
        for placed, contact in placed_contacts
    ]
    await tx.execute(_INSERT, {"tenant_id": tenant_id, "now": now, "rows": _ROWS.values(rows)})


MOST_TENANTS = 200


async def claim_unresolved(tx: Transaction, *, count: int, after: str = "") -> list[Unresolved]:
    """Claim due rows of each tenant that waits, in equal shares of ``count``.

    Others can claim them when the next attempt is due. ``after`` is the tenant behind which to
    begin: only ``MOST_TENANTS`` are looked at.
    """
    result = await tx.execute(
        _CLAIM, {"count": count, "after": after, "tenants": MOST_TENANTS, "nobody": NOBODY}
    )
    return [
        Unresolved(
            row.tenant_id,
            row.interaction_id,
            row.conversation_id,
            tuple(_identifier(i) for i in loads(row.identifiers)),
            row.claimed_customer_id,
            row.observed_at,
            row.attempts,
            row.by_sender,
        )
        for row in result
    ]


async def mark_due(tx: Transaction) -> int:
    """Make every waiting row due now, because identity is back; return how many."""
    result = await tx.execute(_MARK_DUE)
    return result.rowcount


async def mark_refused(tx: Transaction, tenant_id: str, reasons: Mapping[UUID, str]) -> None:
    """Stop asking identity about these interactions, and keep the reasons."""
    if not reasons:
        return
    rows = [{"interaction_id": id_, "reason": reason} for id_, reason in reasons.items()]
    await tx.execute(_MARK_REFUSED, {"tenant_id": tenant_id, "reasons": _REASONS.values(rows)})


async def delete_unresolved(
    tx: Transaction, tenant_id: str, ids: Sequence[UUID]
) -> dict[UUID, UUID]:
    """Remove rows from the queue; return the conversations of those that were still there."""
    result = await tx.execute(_DELETE, {"tenant_id": tenant_id, "ids": list(ids)})
    return {row.interaction_id: row.conversation_id for row in result}


async def find_followers(
    tx: Transaction, tenant_id: str, conversations: Sequence[UUID]
) -> dict[UUID, UUID]:
    """Return the interactions without identifiers in the conversations, each with its own."""
    result = await tx.execute(
        _FIND_FOLLOWERS,
        {"tenant_id": tenant_id, "nobody": NOBODY, "conversations": list(conversations)},
    )
    return {row.interaction_id: row.conversation_id for row in result}


async def save_customers(
    tx: Transaction, tenant_id: str, customers: Mapping[UUID, UUID], *, from_id: UUID = NOBODY
) -> list[Attached]:
    """File interactions under their customers, oldest first.

    One that is filed under another id than ``from_id`` stays where it is.
    """
    if not customers:
        return []
    rows = [{"interaction_id": id_, "customer_id": c} for id_, c in customers.items()]
    values = {"tenant_id": tenant_id, "from_id": from_id, "customers": _CUSTOMERS.values(rows)}
    attached = [_attached(row) for row in await tx.execute(_SAVE_CUSTOMERS, values)]
    return sorted(attached, key=lambda a: (a.occurred_at, a.interaction_id))


def _attached(row: Row[Any]) -> Attached:
    return Attached(
        row.interaction_id,
        row.conversation_id,
        row.origin_customer_id,
        row.occurred_at,
        _provider(row),
        row.backfill,
    )


def _stored(identifier: Identifier) -> dict[str, str | None]:
    [values] = identifier_values([identifier])
    return values if identifier.region is None else {**values, "region": identifier.region}


def _identifier(stored: Mapping[str, str]) -> Identifier:
    return Identifier(
        stored["type"],
        stored["value"],
        stored["scope"],
        Level(stored["level"]),
        stored.get("region"),
    )


def _provider(row: Any) -> ProviderKey | None:
    if row.provider_message_id is None:
        return None
    return ProviderKey(row.provider_name, row.provider_account, row.provider_message_id)


async def delete_interactions(
    tx: Transaction, tenant_id: str, interaction_ids: Sequence[UUID]
) -> None:
    """Delete interactions without a customer, and conversations that have no other."""
    await tx.execute(_DELETE_INTERACTIONS, {"tenant_id": tenant_id, "ids": list(interaction_ids)})
