"""The vault: providers' calls byte for byte, stored before an adapter reads them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from common.db import Columns, ReadConnection, Transaction
from common.ids import new_id
from common.jsons import dumps_text, loads
from interactions.channels.kit.adapter import Headers

HELD_SINCE = "SELECT min(received_at) FROM raw_delivery WHERE state = 'received'"
"""The oldest unprocessed delivery; the relay keeps its watermark behind it."""

# The transaction gets its id before it reads the clock, so a later probe waits for this row.
_INSERT = text(
    """
    WITH me AS MATERIALIZED (SELECT pg_current_xact_id() AS xid),
    instant AS MATERIALIZED (
        SELECT clock_timestamp() AS at FROM me WHERE me.xid IS NOT NULL
    ),
    claimed AS (
        INSERT INTO raw_delivery_key (tenant_id, provider, account, delivery_key, delivery_id,
                                      received_at)
        SELECT :tenant_id, :provider, :account, cast(:key AS text), cast(:id AS uuid), at
        FROM instant WHERE cast(:key AS text) IS NOT NULL
        ON CONFLICT DO NOTHING
        RETURNING delivery_id
    )
    INSERT INTO raw_delivery (tenant_id, received_at, delivery_id, provider, account, headers,
                              body, state)
    SELECT :tenant_id, at, cast(:id AS uuid), :provider, :account, cast(:headers AS jsonb), :body,
           'received'
    FROM instant
    WHERE cast(:key AS text) IS NULL OR EXISTS (SELECT FROM claimed)
    """
)
# The tenants that wait are found by jumping through the index from one to the next, so the claim
# costs what the tenants and the claimed rows cost, however long one tenant's backlog is.
_CLAIM = text(
    """
    WITH RECURSIVE tenant (tenant_id, place) AS (
        (SELECT tenant_id, 1 FROM raw_delivery
         WHERE state = 'received' AND tenant_id > :after ORDER BY tenant_id LIMIT 1)
        UNION ALL
        SELECT following.tenant_id, t.place + 1 FROM tenant t CROSS JOIN LATERAL (
            SELECT tenant_id FROM raw_delivery
            WHERE state = 'received' AND tenant_id > t.tenant_id
            ORDER BY tenant_id LIMIT 1) following
        WHERE t.place < :count
    ),
    share AS MATERIALIZED (
        SELECT tenant_id, (SELECT greatest(1, :count / count(*)) FROM tenant) AS rows FROM tenant
    ),
    due AS MATERIALIZED (
        SELECT due.* FROM share CROSS JOIN LATERAL (
            SELECT tenant_id, received_at, delivery_id FROM raw_delivery
            WHERE state = 'received' AND tenant_id = share.tenant_id
              AND (leased_until IS NULL OR leased_until < clock_timestamp())
            ORDER BY received_at LIMIT share.rows
            FOR UPDATE SKIP LOCKED) due
    )
    UPDATE raw_delivery d
    SET attempts = attempts + 1,
        leased_until = clock_timestamp() + make_interval(secs => :lease_seconds)
    FROM due
    WHERE d.tenant_id = due.tenant_id AND d.received_at = due.received_at
      AND d.delivery_id = due.delivery_id
    RETURNING d.tenant_id, d.received_at, d.delivery_id, d.provider, d.account, d.attempts,
              d.headers::text AS headers, d.body,
              (SELECT a.channel FROM channel_account a
               WHERE a.provider = d.provider AND a.account = d.account) AS channel,
              (SELECT a.region FROM channel_account a
               WHERE a.provider = d.provider AND a.account = d.account) AS region
    """
)
_FINISHED = Columns(
    {"delivery_id": "uuid", "received_at": "timestamptz", "state": "text", "reason": "text"}
)
_PLACE = Columns({"delivery_id": "uuid", "received_at": "timestamptz"})
_EMPTY = text(
    f"""
    UPDATE raw_delivery AS raw SET body = '', headers = '[]', state = 'processed', reason = 'erased'
    FROM {_PLACE.table("emptied", "e")}
    WHERE raw.tenant_id = :tenant_id AND raw.received_at = e.received_at
      AND raw.delivery_id = e.delivery_id
    """
)
_MARK_FINISHED = text(
    f"""
    UPDATE raw_delivery d
    SET state = f.state, reason = f.reason, finished_at = clock_timestamp(), leased_until = NULL
    FROM {_FINISHED.table("finished", "f")}
    WHERE d.tenant_id = :tenant_id AND d.received_at = f.received_at
      AND d.delivery_id = f.delivery_id AND d.state = 'received'
    """
)
_LIST_QUARANTINED = text(
    """
    SELECT delivery_id, received_at, provider, account, reason, attempts FROM raw_delivery
    WHERE tenant_id = :tenant_id AND state = 'quarantined'
    ORDER BY received_at LIMIT :count
    """
)
_MARK_RECEIVED = text(
    """
    UPDATE raw_delivery
    SET state = 'received', reason = NULL, attempts = 0, leased_until = NULL, finished_at = NULL
    WHERE tenant_id = :tenant_id AND state = 'quarantined'
      AND (cast(:ids AS uuid[]) IS NULL OR delivery_id = ANY (cast(:ids AS uuid[])))
    """
)


@dataclass(frozen=True, slots=True)
class StoredDelivery:
    """A delivery claimed for processing; ``channel`` is None if its account is gone.

    ``region`` is the account's, for telephone numbers that name no country.
    """

    tenant_id: str
    received_at: datetime
    delivery_id: UUID
    provider: str
    account: str
    attempts: int
    headers: Headers
    body: bytes
    channel: str | None
    region: str | None


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A delivery that could not be processed, with the reason."""

    delivery_id: UUID
    received_at: datetime
    provider: str
    account: str
    reason: str
    attempts: int


async def insert_delivery(
    tx: Transaction,
    *,
    tenant_id: str,
    provider: str,
    account: str,
    key: str | None,
    headers: Headers,
    body: bytes,
) -> bool:
    """Store a call byte for byte; return False if it repeats a stored call."""
    result = await tx.execute(
        _INSERT,
        {
            "tenant_id": tenant_id,
            "provider": provider,
            "account": account,
            "key": key,
            "id": new_id(),
            "headers": dumps_text([list(pair) for pair in headers]),
            "body": body,
        },
    )
    return result.rowcount == 1


async def claim_deliveries(
    tx: Transaction, *, count: int, lease_seconds: float, after: str = ""
) -> list[StoredDelivery]:
    """Claim the oldest deliveries of each tenant that waits, in equal shares of ``count``.

    They become claimable again after the lease. ``after`` is the tenant behind which to begin: of
    more than ``count`` tenants, only so many are served at once.
    """
    result = await tx.execute(
        _CLAIM, {"count": count, "lease_seconds": lease_seconds, "after": after}
    )
    claimed = [
        StoredDelivery(
            row.tenant_id,
            row.received_at,
            row.delivery_id,
            row.provider,
            row.account,
            row.attempts,
            [(name, value) for name, value in loads(row.headers)],
            bytes(row.body),
            row.channel,
            row.region,
        )
        for row in result
    ]
    return sorted(claimed, key=lambda d: (d.received_at, d.delivery_id))


async def mark_finished(
    tx: Transaction,
    tenant_id: str,
    reasons: Sequence[tuple[StoredDelivery, str | None]],
) -> None:
    """Mark deliveries as processed, or as quarantined if they have a reason."""
    rows = [
        {
            "delivery_id": delivery.delivery_id,
            "received_at": delivery.received_at,
            "state": "quarantined" if reason else "processed",
            "reason": reason,
        }
        for delivery, reason in reasons
    ]
    values = {"tenant_id": tenant_id, "finished": _FINISHED.values(rows)}
    await tx.execute(_MARK_FINISHED, values)


async def mark_emptied(
    tx: Transaction, tenant_id: str, deliveries: Sequence[StoredDelivery]
) -> None:
    """Take the content of deliveries away: their senders are erased."""
    rows = [{"delivery_id": d.delivery_id, "received_at": d.received_at} for d in deliveries]
    await tx.execute(_EMPTY, {"tenant_id": tenant_id, "emptied": _PLACE.values(rows)})


async def list_quarantined(
    connection: ReadConnection, tenant_id: str, *, count: int = 100
) -> list[Quarantined]:
    """Return the oldest quarantined deliveries of a tenant."""
    result = await connection.execute(_LIST_QUARANTINED, {"tenant_id": tenant_id, "count": count})
    return [Quarantined(*row) for row in result]


async def mark_received(tx: Transaction, tenant_id: str, ids: Sequence[UUID] | None) -> int:
    """Queue the named quarantined deliveries again, or all of the tenant's; return how many."""
    result = await tx.execute(
        _MARK_RECEIVED, {"tenant_id": tenant_id, "ids": None if ids is None else list(ids)}
    )
    return result.rowcount
