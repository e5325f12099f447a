"""Interactions and the claims on their providers' messages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import text

from common.db import Columns, Transaction, bytea_text, copy_rows
from common.jsons import dumps_text
from common.runtime import in_turns
from interactions.history.domain.contact import NOBODY, Identifier
from interactions.history.domain.interaction import UNCHANGED_FIELDS, ProviderKey, fingerprint
from interactions.history.domain.interaction_time import InteractionTime
from interactions.history.domain.placement import Incoming, Placement

_unchanged_values = attrgetter(*UNCHANGED_FIELDS)

_KEY = {"provider_name": "text", "provider_account": "text", "message_id": "text"}
_KEYS = Columns(_KEY)
_CLAIMS = Columns(
    {**_KEY, "interaction_id": "uuid", "origin_customer_id": "uuid", "fingerprint": "bytea"}
)
_CUSTOMERS = Columns({**_KEY, "customer_id": "uuid"})

_CLAIM = text(
    f"""
    INSERT INTO provider_message (tenant_id, {_CLAIMS.names}, recorded_at)
    SELECT :tenant_id, {_CLAIMS.names}, :now
    FROM {_CLAIMS.table("claims")}
    -- One order for all, so that two batches with the same messages wait instead of deadlocking.
    ORDER BY {_KEYS.names}
    ON CONFLICT DO NOTHING
    RETURNING interaction_id
    """
)
_FIND_ORIGINALS = text(
    f"""
    SELECT {_KEYS.of("p")}, p.fingerprint, x.interaction_id, x.conversation_id, x.sequence,
           coalesce(a.canonical_id, nullif(x.origin_customer_id, :nobody)) AS customer_id
    FROM {_KEYS.table("keys", "k")}
    CROSS JOIN LATERAL (
        SELECT * FROM provider_message p
        WHERE p.tenant_id = :tenant_id AND p.provider_name = k.provider_name
          AND p.provider_account = k.provider_account AND p.message_id = k.message_id
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
_SAVE_CUSTOMERS = text(
    f"""
    UPDATE provider_message p SET origin_customer_id = c.customer_id
    FROM {_CUSTOMERS.table("customers", "c")}
    WHERE p.tenant_id = :tenant_id AND p.provider_name = c.provider_name
      AND p.provider_account = c.provider_account AND p.message_id = c.message_id
    """
)
_DELETE_CLAIMS = text(
    f"""
    DELETE FROM provider_message
    WHERE tenant_id = :tenant_id AND ({_KEYS.names}) IN ({_KEYS.select("keys")})
    """
)


@dataclass(frozen=True, slots=True)
class Original:
    """What was recorded when a provider's message arrived first; the customer as of today."""

    interaction_id: UUID
    conversation_id: UUID
    customer_id: UUID | None
    sequence: int
    fingerprint: bytes


async def claim_messages(
    tx: Transaction, tenant_id: str, items: Sequence[Incoming], *, now: datetime
) -> set[UUID]:
    """Claim the items' provider keys, each key once; return the interactions that own theirs now.

    Waits for a transaction that is claiming the same message.
    """
    if not items:
        return set()
    claims = _CLAIMS.values([_claim_row(item) for item in items])
    result = await tx.execute(_CLAIM, {"tenant_id": tenant_id, "now": now, "claims": claims})
    return set(result.scalars())


async def find_originals(
    tx: Transaction, tenant_id: str, keys: Sequence[ProviderKey]
) -> dict[ProviderKey, Original]:
    """Return what was recorded under the keys."""
    if not keys:
        return {}
    values = {"tenant_id": tenant_id, "nobody": NOBODY, "keys": _key_rows(keys)}
    return {
        ProviderKey(row.provider_name, row.provider_account, row.message_id): Original(
            row.interaction_id,
            row.conversation_id,
            row.customer_id,
            row.sequence,
            bytes(row.fingerprint),
        )
        for row in await tx.execute(_FIND_ORIGINALS, values)
    }


async def save_claim_customers(
    tx: Transaction, tenant_id: str, customers: Mapping[ProviderKey, UUID]
) -> None:
    """Save under which customer the claimed messages were filed, where that has changed."""
    if not customers:
        return
    rows = [{**_key_row(key), "customer_id": customer} for key, customer in customers.items()]
    values = {"tenant_id": tenant_id, "customers": _CUSTOMERS.values(rows)}
    await tx.execute(_SAVE_CUSTOMERS, values)


async def delete_claims(tx: Transaction, tenant_id: str, keys: Sequence[ProviderKey]) -> None:
    """Release the claims of messages that could not be recorded."""
    if keys:
        await tx.execute(_DELETE_CLAIMS, {"tenant_id": tenant_id, "keys": _key_rows(keys)})


async def insert_interactions(
    tx: Transaction,
    tenant_id: str,
    rows: Sequence[tuple[Placement, InteractionTime, int]],
    *,
    now: datetime,
) -> None:
    """Insert interactions, each with its time and its place in the change feed."""
    await copy_rows(
        tx,
        "interaction",
        [
            _row(tenant_id, placed, time, sequence, now)
            async for placed, time, sequence in in_turns(rows)
        ],
    )


def identifier_values(identifiers: Sequence[Identifier]) -> list[dict[str, str | None]]:
    """Return identifiers in the form in which they are stored as JSON."""
    return [
        {"type": i.type, "value": i.value, "scope": i.scope, "level": i.level} for i in identifiers
    ]


def _row(
    tenant_id: str, placed: Placement, time: InteractionTime, sequence: int, now: datetime
) -> dict[str, Any]:
    draft, provider = placed.item.draft, placed.item.draft.provider
    return {
        "tenant_id": tenant_id,
        "origin_customer_id": placed.customer_id or NOBODY,
        "interaction_id": placed.item.interaction_id,
        "conversation_id": placed.conversation_id,
        "sequence": sequence,
        **dict(zip(UNCHANGED_FIELDS, _unchanged_values(draft), strict=True)),
        "author_type": draft.author.type,
        "author_id": draft.author.id,
        "author_name": draft.author.name,
        "data": dumps_text(draft.data),
        "attachments": dumps_text(draft.attachments),
        "identifiers": dumps_text(identifier_values(draft.identifiers)),
        "provider_name": provider and provider.name,
        "provider_account": provider and provider.account,
        "provider_message_id": provider and provider.message_id,
        "occurred_at": time.occurred_at,
        "received_at": time.received_at,
        "recorded_at": now,
        "time_source": time.source,
        "time_claim": time.claim,
    }


def _claim_row(item: Incoming) -> dict[str, Any]:
    if item.draft.provider is None:
        raise ValueError("an item without a provider key cannot be claimed")
    return {
        **_key_row(item.draft.provider),
        "interaction_id": item.interaction_id,
        "origin_customer_id": item.customer_id or NOBODY,
        "fingerprint": bytea_text(fingerprint(item.draft)),
    }


def _key_rows(keys: Sequence[ProviderKey]) -> str:
    return _KEYS.values([_key_row(key) for key in keys])


def _key_row(key: ProviderKey) -> dict[str, str]:
    return {
        "provider_name": key.name,
        "provider_account": key.account,
        "message_id": key.message_id,
    }
