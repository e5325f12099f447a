"""The alert log: what the live stream shows, and can show again from a position."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from common.db import ReadConnection, Transaction

SEQUENCE = "alert_position"


@dataclass(frozen=True, slots=True)
class NewAlert:
    """``body`` is JSON text."""

    tenant_id: str
    type: str
    body: str


@dataclass(frozen=True, slots=True)
class Alert:
    position: int
    tenant_id: str
    type: str
    body: str


_ADD = text(
    """
    INSERT INTO alert (tenant_id, type, body)
    SELECT tenant_id, type, body
    FROM unnest(cast(:tenants AS text[]), cast(:types AS text[]), cast(:bodies AS text[]))
         WITH ORDINALITY AS row (tenant_id, type, body, place)
    ORDER BY place
    """
)

_OF_TENANT = text(
    """
    SELECT position, tenant_id, type, body FROM alert
    WHERE tenant_id = :tenant AND position > :after AND position <= :until
    ORDER BY position LIMIT :limit
    """
)

_NEW = text(
    """
    SELECT position, tenant_id, type, body FROM alert
    WHERE recorded_at > clock_timestamp() - interval '1 day'
      AND position > :after AND position <= :until
    ORDER BY position LIMIT :limit
    """
)

_LAST = text(f"SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM {SEQUENCE}")


async def add(tx: Transaction, alerts: Sequence[NewAlert]) -> None:
    if alerts:
        await tx.execute(
            _ADD,
            {
                "tenants": [a.tenant_id for a in alerts],
                "types": [a.type for a in alerts],
                "bodies": [a.body for a in alerts],
            },
        )


async def of_tenant(
    connection: ReadConnection, tenant_id: str, *, after: int, until: int, limit: int
) -> list[Alert]:
    """Return a tenant's alerts behind a position, oldest first."""
    values = {"tenant": tenant_id, "after": after, "until": until, "limit": limit}
    return [_alert(*row) for row in await connection.execute(_OF_TENANT, values)]


async def new(connection: ReadConnection, *, after: int, until: int, limit: int) -> list[Alert]:
    """Return all tenants' alerts of the last day behind a position, oldest first.

    For this service's own feed, which hands each tenant only what is its own.
    """
    values = {"after": after, "until": until, "limit": limit}
    return [_alert(*row) for row in await connection.execute(_NEW, values)]


async def last_position(connection: ReadConnection) -> int:
    """Return the number last given out, whether its alert can be seen yet or not."""
    found: int = (await connection.execute(_LAST)).scalar_one()
    return found


def _alert(position: int, tenant_id: str, kind: str, body: str) -> Alert:
    return Alert(position, tenant_id, kind, body)
