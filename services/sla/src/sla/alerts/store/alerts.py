"""The log of alerts, which the live stream follows and can replay from a position."""

from collections.abc import Mapping, Sequence
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

_FILTERS = {
    "type": "type = ANY(:type)",
    **{
        name: f"body::jsonb->>'{name}' = ANY(:{name})"
        for name in ("metric", "policy_id", "channel", "team", "assignee", "severity")
    },
}

# However few of the alerts match, a page reads at most :scan of them.
_PAGE = """
    WITH page AS MATERIALIZED (
        SELECT position, tenant_id, type, body FROM alert
        WHERE tenant_id = :tenant AND position > :after AND position < :before
        ORDER BY position {order} LIMIT :scan
    )
    SELECT read.*, alert.* FROM
        (SELECT {last}(position) AS last, count(*) AS number FROM page) AS read
    LEFT JOIN LATERAL (
        SELECT position, tenant_id, type, body FROM page WHERE {wanted}
        ORDER BY position {order} LIMIT :limit
    ) AS alert ON true
"""
SCAN = 2_000

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


@dataclass(frozen=True, slots=True)
class Page:
    """``last`` is the last position read, matching or not; None at the end of the log."""

    alerts: Sequence[Alert]
    last: int | None


@dataclass(frozen=True, slots=True)
class Span:
    """The positions between two others, oldest or newest first."""

    after: int
    before: int
    newest_first: bool = False


async def list_page(
    connection: ReadConnection,
    tenant_id: str,
    span: Span,
    *,
    allowed: Mapping[str, Sequence[str]],
    limit: int,
) -> Page:
    """Return at most ``limit`` alerts of a tenant, whose fields have allowed values.

    A page may have fewer, or none, although more follow: it reads at most ``SCAN`` alerts.
    """
    statement = _PAGE.format(
        order="DESC" if span.newest_first else "ASC",
        last="min" if span.newest_first else "max",
        wanted=" AND ".join(["true", *(_FILTERS[name] for name in allowed)]),
    )
    values = {
        "tenant": tenant_id,
        "after": span.after,
        "before": span.before,
        "scan": SCAN if allowed else limit,
        "limit": limit,
        **{name: list(values) for name, values in allowed.items()},
    }
    rows = (await connection.execute(text(statement), values)).all()
    found = [Alert(*row[2:]) for row in rows if row.position is not None]
    if len(found) == limit:
        return Page(found, found[-1].position)
    return Page(found, rows[0].last if rows[0].number == values["scan"] else None)


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
