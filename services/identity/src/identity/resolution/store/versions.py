"""Reads what was reported for customers, and has it go to others."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from common.db import Columns, Transaction
from identity.customers.domain.attributes import AttributeValue, Version
from identity.customers.domain.identifiers import Level
from identity.customers.domain.versions import Departure
from identity.customers.store.attribute_history import STRENGTH

MAX_OF_CARRIERS = 100
"""The versions of an attribute that are read for the same carriers, the strongest first."""

_SHARE = Columns(
    {"carriers": "jsonb", "to_id": "uuid", "since": "timestamptz", "until": "timestamptz"}
)
_COPIED = (
    "name, observed_at, digest, value, source, verified, ingested_at, level, priority, sequence,"
    " is_claim, carriers"
)

LIST = text(
    f"""
    SELECT ranked.*
    FROM unnest(cast(:ids AS uuid[])) AS wanted (id)
    CROSS JOIN LATERAL (
        SELECT customer_id, name, value, source, observed_at, ingested_at, level, priority,
               sequence, carriers,
               row_number() OVER (PARTITION BY name, carriers ORDER BY {STRENGTH}) AS place
        FROM attribute_observation
        WHERE tenant_id = :tenant_id AND customer_id = wanted.id
          AND left_at IS NULL AND NOT is_claim) AS ranked
    WHERE ranked.place <= {MAX_OF_CARRIERS}
    """
)
# What came back after it had left is there already.
DEPART = text(
    f"""
    WITH gone AS (
        UPDATE attribute_observation AS kept
        SET left_at = :now
        FROM {_SHARE.table("shares", "share")}
        WHERE kept.tenant_id = :tenant_id AND kept.customer_id = ANY(cast(:origins AS uuid[]))
          AND kept.left_at IS NULL AND NOT kept.is_claim AND kept.carriers = share.carriers
          AND (share.since IS NULL OR kept.observed_at >= share.since)
          AND (share.until IS NULL OR kept.observed_at < share.until)
        RETURNING share.to_id, kept.*
    )
    INSERT INTO attribute_observation (tenant_id, customer_id, {_COPIED})
    SELECT DISTINCT ON (to_id, name, observed_at, digest) tenant_id, to_id, {_COPIED} FROM gone
    ON CONFLICT (tenant_id, customer_id, name, observed_at, digest) DO UPDATE SET left_at = NULL
    """
)


async def list_versions(
    tx: Transaction, tenant_id: str, ids: Collection[UUID]
) -> Sequence[Version]:
    """Return what was reported for these customer ids and is still theirs."""
    rows = await tx.execute(LIST, {"tenant_id": tenant_id, "ids": sorted(ids)})
    return [_version(row) for row in rows]


async def save_departures(
    tx: Transaction, tenant_id: str, departures: Sequence[Departure], *, now: datetime
) -> None:
    """Have what was reported be other customers', in order: it may go on from these."""
    for departure in departures:
        parameters = {
            "tenant_id": tenant_id,
            "origins": list(departure.origins),
            "shares": _SHARE.values(list(_share_rows(departure))),
            "now": now,
        }
        await tx.execute(DEPART, parameters)


def _share_rows(departure: Departure) -> Iterator[dict[str, Any]]:
    for share in departure.shares:
        yield {
            "carriers": share.carriers,
            "to_id": share.to_id,
            "since": share.since,
            "until": share.until,
        }


def _version(row: Any) -> Version:
    return Version(
        row.customer_id,
        row.name,
        AttributeValue(
            value=row.value,
            source=row.source,
            observed_at=row.observed_at,
            ingested_at=row.ingested_at,
            level=Level.parse(row.level),
            priority=row.priority,
            sequence=row.sequence,
            carriers=tuple(row.carriers),
        ),
    )
