"""Interactions: claim a provider's message, write, look up what was written first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from common.db import Transaction, copy_rows
from common.jsons import dumps_text
from interactions.history.domain.contact import NOBODY, Identifier
from interactions.history.domain.interaction import ProviderKey, fingerprint
from interactions.history.domain.placement import Item, Placed
from interactions.history.domain.times import Moment
from interactions.history.store import columns

_MESSAGE = {
    "provider_name": "text",
    "provider_account": "text",
    "message_id": "text",
    "interaction_id": "uuid",
    "origin_customer_id": "uuid",
    "fingerprint": "bytea",
}
_CLAIM = text(
    f"""
    INSERT INTO provider_message (tenant_id, provider_name, provider_account, message_id,
                                  interaction_id, origin_customer_id, fingerprint, recorded_at)
    SELECT :tenant_id, provider_name, provider_account, message_id, interaction_id,
           origin_customer_id, fingerprint, :now
    FROM {columns.rows_of("messages", _MESSAGE)}
    -- One order for all, so that two batches with the same messages wait instead of deadlocking.
    ORDER BY provider_name, provider_account, message_id
    ON CONFLICT DO NOTHING
    RETURNING interaction_id
    """
)
_ORIGINALS = text(
    """
    SELECT p.provider_name, p.provider_account, p.message_id, p.fingerprint, x.interaction_id,
           x.conversation_id, x.sequence,
           coalesce(a.canonical_id, nullif(x.origin_customer_id, :nobody)) AS customer_id
    FROM unnest(cast(:names AS text[]), cast(:accounts AS text[]), cast(:messages AS text[]))
         AS m (name, account, message_id)
    CROSS JOIN LATERAL (
        SELECT * FROM provider_message p
        WHERE p.tenant_id = :tenant_id AND p.provider_name = m.name
          AND p.provider_account = m.account AND p.message_id = m.message_id
        LIMIT 1) p
    CROSS JOIN LATERAL (
        SELECT x.tenant_id, x.interaction_id, x.conversation_id, x.sequence, x.origin_customer_id
        FROM interaction x
        WHERE x.tenant_id = :tenant_id AND x.origin_customer_id = p.origin_customer_id
          AND x.interaction_id = p.interaction_id
        LIMIT 1) x
    LEFT JOIN customer_alias a
        ON a.tenant_id = x.tenant_id AND a.origin_id = x.origin_customer_id
    """
)
_SETTLE = text(
    """
    UPDATE provider_message p SET origin_customer_id = m.customer_id
    FROM unnest(cast(:names AS text[]), cast(:accounts AS text[]), cast(:messages AS text[]),
                cast(:customers AS uuid[])) AS m (name, account, message_id, customer_id)
    WHERE p.tenant_id = :tenant_id AND p.provider_name = m.name
      AND p.provider_account = m.account AND p.message_id = m.message_id
    """
)
_RELEASE = text(
    """
    DELETE FROM provider_message
    WHERE tenant_id = :tenant_id AND (provider_name, provider_account, message_id) IN (
        SELECT * FROM unnest(cast(:names AS text[]), cast(:accounts AS text[]),
                             cast(:messages AS text[])))
    """
)


@dataclass(frozen=True, slots=True)
class Original:
    """What was recorded when a provider's message came in first; the customer as of today."""

    interaction_id: UUID
    conversation_id: UUID
    customer_id: UUID | None
    sequence: int
    fingerprint: bytes


async def claim_messages(
    tx: Transaction, tenant_id: str, items: Sequence[Item], *, now: datetime
) -> set[UUID]:
    """Claim the items' provider keys, each key once; return the interactions that have theirs now.

    A claim that somebody else is just making is waited for.
    """
    if not items:
        return set()
    rows = dumps_text([_message_row(item) for item in items])
    result = await tx.execute(_CLAIM, {"tenant_id": tenant_id, "now": now, "messages": rows})
    return set(result.scalars())


async def find_originals(
    tx: Transaction, tenant_id: str, keys: Sequence[ProviderKey]
) -> dict[ProviderKey, Original]:
    """Return what was recorded under the keys."""
    if not keys:
        return {}
    result = await tx.execute(
        _ORIGINALS, {"tenant_id": tenant_id, "nobody": NOBODY, **_arrays(keys)}
    )
    return {
        ProviderKey(row.provider_name, row.provider_account, row.message_id): Original(
            row.interaction_id,
            row.conversation_id,
            row.customer_id,
            row.sequence,
            bytes(row.fingerprint),
        )
        for row in result
    }


async def settle_claims(
    tx: Transaction, tenant_id: str, customers: Mapping[ProviderKey, UUID]
) -> None:
    """Correct under which customer the claimed messages were filed in the end."""
    if customers:
        await tx.execute(
            _SETTLE,
            {
                "tenant_id": tenant_id,
                **_arrays(list(customers)),
                "customers": list(customers.values()),
            },
        )


async def release_claims(tx: Transaction, tenant_id: str, keys: Sequence[ProviderKey]) -> None:
    """Give back claims of messages that were refused after all."""
    if keys:
        await tx.execute(_RELEASE, {"tenant_id": tenant_id, **_arrays(keys)})


async def write_interactions(
    tx: Transaction,
    tenant_id: str,
    rows: Sequence[tuple[Placed, Moment, int]],
    *,
    now: datetime,
) -> None:
    """Write interactions, each with the time that is believed and its place in the change feed."""
    await copy_rows(
        tx,
        "interaction",
        [_row(tenant_id, placed, moment, sequence, now) for placed, moment, sequence in rows],
    )


def identifiers_json(identifiers: Sequence[Identifier]) -> str:
    """Return identifiers in the form in which they are stored."""
    return dumps_text([_stored(identifier) for identifier in identifiers])


def _stored(identifier: Identifier) -> dict[str, str | None]:
    return {
        "type": identifier.type,
        "value": identifier.value,
        "scope": identifier.scope,
        "level": identifier.level,
    }


def _row(
    tenant_id: str, placed: Placed, moment: Moment, sequence: int, now: datetime
) -> dict[str, Any]:
    draft, provider = placed.item.draft, placed.item.draft.provider
    return {
        "tenant_id": tenant_id,
        "origin_customer_id": placed.customer_id or NOBODY,
        "interaction_id": placed.item.interaction_id,
        "conversation_id": placed.conversation_id,
        "sequence": sequence,
        "channel": draft.channel,
        "kind": draft.kind,
        "direction": draft.direction,
        "author_type": draft.author.type,
        "author_id": draft.author.id,
        "author_name": draft.author.name,
        "private": draft.private,
        "automated": draft.automated,
        "subject": draft.subject,
        "text": draft.text,
        "data": dumps_text(draft.data),
        "attachments": dumps_text(draft.attachments),
        "identifiers": identifiers_json(draft.identifiers),
        "provider_name": provider and provider.name,
        "provider_account": provider and provider.account,
        "provider_message_id": provider and provider.message_id,
        "in_reply_to": draft.in_reply_to,
        "occurred_at": moment.occurred_at,
        "received_at": moment.received_at,
        "recorded_at": now,
        "time_source": moment.source,
        "time_claim": moment.claim,
        "backfill": draft.backfill,
    }


def _message_row(item: Item) -> dict[str, Any]:
    """Return what claims an item's provider key."""
    if item.draft.provider is None:
        raise ValueError("an item without a provider key cannot be claimed")
    return {
        "provider_name": item.draft.provider.name,
        "provider_account": item.draft.provider.account,
        "message_id": item.draft.provider.message_id,
        "interaction_id": item.interaction_id,
        "origin_customer_id": item.customer_id or NOBODY,
        "fingerprint": f"\\x{fingerprint(item.draft).hex()}",
    }


def _arrays(keys: Sequence[ProviderKey]) -> dict[str, list[str]]:
    return {
        "names": [key.name for key in keys],
        "accounts": [key.account for key in keys],
        "messages": [key.message_id for key in keys],
    }
