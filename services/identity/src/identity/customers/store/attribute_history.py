"""Reads where the values of a customer's attributes come from, also those that do not count."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from common.db import ReadConnection
from common.errors import NotFoundError
from identity.customers.domain.attributes import Attributes, AttributeValue
from identity.customers.domain.identifiers import Level
from identity.customers.store.customer_json import attributes_from_json
from identity.customers.store.customer_views import LATEST

_MEMBERS = """
    SELECT alias.canonical_id, alias.origin_id
    FROM customer_alias AS requested
    JOIN customer_alias AS alias
      ON alias.tenant_id = :tenant_id AND alias.canonical_id = requested.canonical_id
    WHERE requested.tenant_id = :tenant_id AND requested.origin_id = :customer_id
"""

# A value that only confirms a kept one is in the customer's row until a different one arrives.
_REPORTED = """
    SELECT kept.name, kept.value, kept.source, kept.observed_at, kept.ingested_at, kept.level,
           kept.priority, kept.sequence, kept.is_claim
    FROM members
    CROSS JOIN LATERAL (
        SELECT * FROM attribute_observation AS observation
        WHERE observation.tenant_id = :tenant_id AND observation.customer_id = members.origin_id
          {kept_condition}) AS kept
    UNION ALL
    SELECT current.key, current.value -> 'value', current.value ->> 'source',
           cast(current.value ->> 'observed_at' AS timestamptz),
           cast(current.value ->> 'ingested_at' AS timestamptz), current.value ->> 'level',
           cast(current.value ->> 'priority' AS integer),
           cast(current.value ->> 'sequence' AS bigint), false
    FROM members
    CROSS JOIN LATERAL (
        SELECT attributes FROM customer
        WHERE customer.tenant_id = :tenant_id AND customer.id = members.origin_id
        LIMIT 1) AS customer
    CROSS JOIN LATERAL jsonb_each(customer.attributes) AS current
    WHERE current.value -> 'kept' = 'false' {current_condition}
"""
STRENGTH = """
    level <> 'claimed' DESC, priority DESC, level = 'verified' DESC, observed_at DESC,
    sequence DESC
"""

# What counted at a time: of what identity had received by then, the strongest of each attribute.
AT = text(
    f"""
    WITH members AS MATERIALIZED ({_MEMBERS}),
    reported AS ({
        _REPORTED.format(
            kept_condition="AND coalesce(observation.left_at > :at, true)", current_condition=""
        )
    }),
    counting AS (
        SELECT DISTINCT ON (name) * FROM reported
        WHERE NOT is_claim AND observed_at <= :at AND ingested_at <= :at
        ORDER BY name, {STRENGTH})
    SELECT members.canonical_id, counting.*
    FROM (SELECT DISTINCT canonical_id FROM members) AS members
    LEFT JOIN counting ON true
    ORDER BY counting.name
    """
)
HISTORY = text(
    f"""
    WITH members AS MATERIALIZED ({_MEMBERS}),
    reported AS ({
        _REPORTED.format(
            kept_condition="AND observation.name = :name AND observation.left_at IS NULL",
            current_condition="AND current.key = :name",
        )
    }),
    page AS (
        SELECT value, source, observed_at, min(ingested_at) AS ingested_at, level, priority,
               max(sequence) AS sequence, is_claim
        FROM reported
        WHERE observed_at <= :before
        GROUP BY value, source, observed_at, level, priority, is_claim
        HAVING (observed_at, max(sequence)) < (:before, :before_sequence)
        ORDER BY observed_at DESC, max(sequence) DESC
        LIMIT :limit)
    SELECT customer.id AS customer_id, customer.attributes -> :name AS current, page.*
    FROM (SELECT DISTINCT canonical_id FROM members) AS asked
    CROSS JOIN LATERAL (
        SELECT id, attributes FROM customer
        WHERE customer.tenant_id = :tenant_id AND customer.id = asked.canonical_id
        LIMIT 1) AS customer
    LEFT JOIN page ON true
    ORDER BY page.observed_at DESC, page.sequence DESC
    """
)
CURRENT = text(
    """
    SELECT customer.id AS customer_id, customer.attributes
    FROM customer_alias AS requested
    JOIN customer ON customer.tenant_id = :tenant_id AND customer.id = requested.canonical_id
    WHERE requested.tenant_id = :tenant_id AND requested.origin_id = :customer_id
    """
)


@dataclass(frozen=True, slots=True)
class Provenance:
    """The attributes that count, by name, with where they come from; cleared ones included."""

    customer_id: UUID
    attributes: Attributes


@dataclass(frozen=True, slots=True)
class Reported:
    """A value that was reported for an attribute, and whether it counts now."""

    value: AttributeValue
    is_current: bool
    is_claim: bool


@dataclass(frozen=True, slots=True)
class AttributeHistory:
    """What was reported for one attribute, the newest event first."""

    customer_id: UUID
    reported: Sequence[Reported]


async def get_provenance(
    connection: ReadConnection, tenant_id: str, customer_id: UUID, at: datetime | None
) -> Provenance:
    """Return what counts now, or what counted at a time by what identity had received by then.

    Raises NotFoundError when the id was never issued.
    """
    parameters: dict[str, Any] = {"tenant_id": tenant_id, "customer_id": customer_id}
    if at is None:
        row = (await connection.execute(CURRENT, parameters)).one_or_none()
        if row is None:
            raise NotFoundError("there is no such customer")
        return Provenance(row.customer_id, attributes_from_json(row.attributes))
    rows = (await connection.execute(AT, parameters | {"at": at})).all()
    if not rows:
        raise NotFoundError("there is no such customer")
    counted = {row.name: _value(row) for row in rows if row.name is not None}
    return Provenance(rows[0].canonical_id, counted)


async def get_attribute_history(
    connection: ReadConnection,
    tenant_id: str,
    customer_id: UUID,
    name: str,
    *,
    before: tuple[datetime, int] | None,
    limit: int,
) -> AttributeHistory:
    """Return what was reported for an attribute. Raises NotFoundError when the id is unknown."""
    observed_at, sequence = before or (LATEST, 0)
    parameters = {
        "tenant_id": tenant_id,
        "customer_id": customer_id,
        "name": name,
        "before": observed_at,
        "before_sequence": sequence,
        "limit": limit,
    }
    rows = (await connection.execute(HISTORY, parameters)).all()
    if not rows:
        raise NotFoundError("there is no such customer")
    current = attributes_from_json({name: rows[0].current} if rows[0].current else {}).get(name)
    reported = [_reported(row, current) for row in rows if row.observed_at is not None]
    return AttributeHistory(rows[0].customer_id, reported)


def _reported(row: Any, current: AttributeValue | None) -> Reported:
    value = _value(row)
    is_current = current is not None and current == replace(
        value, ingested_at=current.ingested_at, carriers=current.carriers
    )
    return Reported(value, is_current=is_current and not row.is_claim, is_claim=row.is_claim)


def _value(row: Any) -> AttributeValue:
    return AttributeValue(
        value=row.value,
        source=row.source,
        observed_at=row.observed_at,
        ingested_at=row.ingested_at,
        level=Level.parse(row.level),
        priority=row.priority,
        sequence=row.sequence,
    )
