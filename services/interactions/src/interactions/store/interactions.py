"""Interactions: claim a provider's message, write, look up what was written first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from common.jsons import dumps_text
from interactions.domain.contact import NOBODY, Identifier
from interactions.domain.interaction import ProviderKey, fingerprint
from interactions.domain.threading import Item, Placed
from interactions.domain.timing import Moment
from interactions.store import columns

_CLAIM = text(
    """
    INSERT INTO provider_message (tenant_id, provider_name, provider_account, message_id,
                                  interaction_id, origin_customer_id, fingerprint, recorded_at)
    SELECT :tenant_id, name, account, message_id, interaction_id, customer_id, fingerprint, :now
    FROM unnest(cast(:names AS text[]), cast(:accounts AS text[]), cast(:messages AS text[]),
                cast(:interactions AS uuid[]), cast(:customers AS uuid[]),
                cast(:fingerprints AS bytea[]))
         AS m (name, account, message_id, interaction_id, customer_id, fingerprint)
    -- One order for all, so that two batches with the same messages wait instead of deadlocking.
    ORDER BY name, account, message_id
    ON CONFLICT DO NOTHING
    RETURNING provider_name, provider_account, message_id
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
_INSERT = text(columns.insert("interaction", columns.INTERACTION))


@dataclass(frozen=True, slots=True)
class Original:
    """What was recorded when a provider's message came in first; the customer as of today."""

    interaction_id: UUID
    conversation_id: UUID
    customer_id: UUID | None
    sequence: int
    fingerprint: bytes


async def claim_messages(
    connection: AsyncConnection, tenant_id: str, items: Sequence[Item], *, now: datetime
) -> set[ProviderKey]:
    """Claim the provider keys of the items, each key once; return those that are ours now.

    A claim that somebody else is just making is waited for.
    """
    if not items:
        return set()
    keyed = [(item, _key(item)) for item in items]
    result = await connection.execute(
        _CLAIM,
        {
            "tenant_id": tenant_id,
            "now": now,
            **_arrays([key for _, key in keyed]),
            "interactions": [item.interaction_id for item in items],
            "customers": [item.customer_id or NOBODY for item in items],
            "fingerprints": [fingerprint(item.draft) for item in items],
        },
    )
    return {ProviderKey(*row) for row in result}


async def find_originals(
    connection: AsyncConnection, tenant_id: str, keys: Sequence[ProviderKey]
) -> dict[ProviderKey, Original]:
    """Return what was recorded under the keys."""
    if not keys:
        return {}
    result = await connection.execute(
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
    connection: AsyncConnection, tenant_id: str, customers: Mapping[ProviderKey, UUID]
) -> None:
    """Correct under which customer the claimed messages were filed in the end."""
    if customers:
        await connection.execute(
            _SETTLE,
            {
                "tenant_id": tenant_id,
                **_arrays(list(customers)),
                "customers": list(customers.values()),
            },
        )


async def release_claims(
    connection: AsyncConnection, tenant_id: str, keys: Sequence[ProviderKey]
) -> None:
    """Give back claims of messages that were refused after all."""
    if keys:
        await connection.execute(_RELEASE, {"tenant_id": tenant_id, **_arrays(keys)})


async def insert_interactions(
    connection: AsyncConnection,
    tenant_id: str,
    rows: Sequence[tuple[Placed, Moment, int]],
    *,
    now: datetime,
) -> None:
    """Write interactions with the time that is believed and their place in the change feed."""
    if not rows:
        return
    records = [_record(placed, moment, sequence, now) for placed, moment, sequence in rows]
    arrays: dict[str, Any] = {
        name: [record[place] for record in records]
        for place, name in enumerate(columns.INTERACTION)
    }
    await connection.execute(_INSERT, {"tenant_id": tenant_id, **arrays})


def identifiers_json(identifiers: Sequence[Identifier]) -> str:
    """Return identifiers in the form in which they are stored."""
    return dumps_text(
        [
            {"type": i.type, "value": i.value, "scope": i.scope, "level": i.level}
            for i in identifiers
        ]
    )


def _record(placed: Placed, moment: Moment, sequence: int, now: datetime) -> tuple[Any, ...]:
    """Return one row's values in the order of ``columns.INTERACTION``."""
    draft, provider = placed.item.draft, placed.item.draft.provider
    return (
        placed.customer_id or NOBODY,
        placed.item.interaction_id,
        placed.conversation_id,
        sequence,
        draft.channel,
        draft.kind,
        draft.direction,
        draft.author.type,
        draft.author.id,
        draft.author.name,
        draft.private,
        draft.automated,
        draft.subject,
        draft.text,
        dumps_text(draft.data),
        dumps_text(draft.attachments),
        identifiers_json(draft.identifiers),
        provider and provider.name,
        provider and provider.account,
        provider and provider.message_id,
        draft.in_reply_to,
        moment.occurred_at,
        draft.received_at,
        now,
        moment.source,
        moment.claim,
        draft.backfill,
    )


def _key(item: Item) -> ProviderKey:
    if item.draft.provider is None:
        raise ValueError("an item without a provider key cannot be claimed")
    return item.draft.provider


def _arrays(keys: Sequence[ProviderKey]) -> dict[str, list[str]]:
    return {
        "names": [key.name for key in keys],
        "accounts": [key.account for key in keys],
        "messages": [key.message_id for key in keys],
    }
