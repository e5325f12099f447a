"""The log of alerts, which the live stream follows and can replay from a position."""

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


_INSERT = text(
    """
    INSERT INTO alert (tenant_id, type, body)
    SELECT tenant_id, type, body
    FROM unnest(cast(:tenants AS text[]), cast(:types AS text[]), cast(:bodies AS text[]))
         WITH ORDINALITY AS row (tenant_id, type, body, place)
    ORDER BY place
    """
)

_LIST_OF_TENANT = text(
    """
    SELECT position, tenant_id, type, body FROM alert
    WHERE tenant_id = :tenant AND position > :after AND position <= :until
    ORDER BY position LIMIT :limit
    """
)

_LIST_RECENT = text(
    """
    SELECT position, tenant_id, type, body FROM alert
    WHERE recorded_at > clock_timestamp() - interval '1 day'
      AND position > :after AND position <= :until
    ORDER BY position LIMIT :limit
    """
)

_LAST_POSITION = text(
    f"""
    SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END AS position
    FROM {SEQUENCE}
    """
)


async def insert_alerts(tx: Transaction, alerts: Sequence[NewAlert]) -> None:
    """Append alerts in the order given."""
    if alerts:
        await tx.execute(
            _INSERT,
            {
                "tenants": [a.tenant_id for a in alerts],
                "types": [a.type for a in alerts],
                "bodies": [a.body for a in alerts],
            },
        )


async def list_of_tenant(
    connection: ReadConnection, tenant_id: str, *, after: int, until: int, limit: int
) -> list[Alert]:
    """Return a tenant's alerts after a position and up to another, oldest first."""
    values = {"tenant": tenant_id, "after": after, "until": until, "limit": limit}
    return [Alert(*row) for row in await connection.execute(_LIST_OF_TENANT, values)]


async def list_recent(
    connection: ReadConnection, *, after: int, until: int, limit: int
) -> list[Alert]:
    """Return all tenants' alerts of the last day after a position and up to another, oldest first.

    Only for this service's own feed, which shows each tenant only its own alerts.
    """
    values = {"after": after, "until": until, "limit": limit}
    return [Alert(*row) for row in await connection.execute(_LIST_RECENT, values)]


async def get_last_position(connection: ReadConnection) -> int:
    """Return the last position taken, even if its alert is not visible yet."""
    position: int = (await connection.execute(_LAST_POSITION)).scalar_one()
    return position
