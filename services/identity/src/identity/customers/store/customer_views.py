"""Reads what ``GET /v1/customers/{id}`` shows, in one statement."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from common.db import ReadConnection
from common.errors import NotFoundError
from identity.customers.domain.attributes import visible_values
from identity.customers.store.customer_json import attributes_from_json
from identity.customers.store.customers import MERGED_IDS

VIEW = text(
    f"""
    SELECT customer.id, customer.version, customer.created_at, customer.updated_at,
           customer.attributes,
           (SELECT json_agg(json_build_object(
                'type', identifier.type, 'value', identifier.value, 'raw', identifier.raw,
                'scope', nullif(identifier.scope, ''), 'level', identifier.level,
                'source', identifier.source, 'first_seen_at', identifier.first_seen_at)
                ORDER BY identifier.type, identifier.scope, identifier.value)
            FROM identifier
            WHERE identifier.tenant_id = :tenant_id
              AND identifier.customer_id = customer.id) AS identifiers,
           (SELECT json_agg(json_build_object(
                'type', claim.type, 'value', claim.value, 'raw', claim.raw,
                'scope', nullif(claim.scope, ''), 'claimed_at', claim.claimed_at,
                'expires_at', claim.expires_at, 'held_by', held.customer_id)
                ORDER BY claim.type, claim.scope, claim.value)
            FROM customer_alias AS own
            JOIN claim ON claim.customer_id = own.origin_id AND claim.tenant_id = :tenant_id
            LEFT JOIN identifier AS held
              ON held.tenant_id = :tenant_id AND held.type = claim.type
             AND held.scope = claim.scope AND held.value = claim.value
            WHERE own.canonical_id = customer.id AND own.tenant_id = :tenant_id
              AND claim.expires_at > :now
              AND held.customer_id IS DISTINCT FROM customer.id) AS claims,
           (SELECT json_agg(json_build_object(
                'type', claim.type, 'value', claim.value, 'scope', nullif(claim.scope, ''),
                'customer_id', claimant.canonical_id, 'claimed_at', claim.claimed_at,
                'expires_at', claim.expires_at)
                ORDER BY claim.claimed_at, claim.customer_id)
            FROM identifier
            JOIN claim ON claim.tenant_id = :tenant_id AND claim.type = identifier.type
             AND claim.scope = identifier.scope AND claim.value = identifier.value
            JOIN customer_alias AS claimant
              ON claimant.tenant_id = :tenant_id AND claimant.origin_id = claim.customer_id
            WHERE identifier.customer_id = customer.id AND identifier.tenant_id = :tenant_id
              AND claim.expires_at > :now
              AND claimant.canonical_id <> customer.id) AS claimed_by,
           (SELECT json_agg(json_build_object(
                'type', entry.type, 'value', entry.value, 'raw', entry.raw,
                'scope', nullif(entry.scope, ''), 'reason', entry.reason, 'since', entry.since)
                ORDER BY entry.type, entry.scope, entry.value)
            FROM customer_alias AS own
            JOIN quarantine AS entry
              ON entry.customer_id = own.origin_id AND entry.tenant_id = :tenant_id
            WHERE own.canonical_id = customer.id AND own.tenant_id = :tenant_id
              AND entry.released_at IS NULL) AS quarantined,
           {MERGED_IDS}
    FROM customer_alias AS requested
    JOIN customer ON customer.tenant_id = :tenant_id AND customer.id = requested.canonical_id
    WHERE requested.tenant_id = :tenant_id AND requested.origin_id = :customer_id
    """
)


@dataclass(frozen=True, slots=True)
class CustomerView:
    """A customer as it is shown: visible attributes, identifiers sorted by key."""

    customer_id: UUID
    merged_ids: list[UUID]
    version: int
    created_at: datetime
    updated_at: datetime
    attributes: dict[str, Any]
    identifiers: list[dict[str, Any]]
    claims: list[dict[str, Any]]
    """The identifiers of others that the customer claims."""
    claimed_by: list[dict[str, Any]]
    """The customer's identifiers that others claim, with who does."""
    quarantined: list[dict[str, Any]]


async def get_customer_view(
    connection: ReadConnection, tenant_id: str, customer_id: UUID, *, now: datetime
) -> CustomerView:
    """Return the customer that an id leads to. Raises NotFoundError when it was never issued."""
    parameters = {"tenant_id": tenant_id, "customer_id": customer_id, "now": now}
    row = (await connection.execute(VIEW, parameters)).one_or_none()
    if row is None:
        raise NotFoundError("there is no such customer")
    return CustomerView(
        customer_id=row.id,
        merged_ids=list(row.merged_ids or ()),
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
        attributes=visible_values(attributes_from_json(row.attributes)),
        identifiers=[_with_times(identifier) for identifier in row.identifiers or ()],
        claims=[_with_times(claim) for claim in row.claims or ()],
        claimed_by=[_with_times(claim) for claim in row.claimed_by or ()],
        quarantined=[_with_times(entry) for entry in row.quarantined or ()],
    )


_TIMES = frozenset({"first_seen_at", "claimed_at", "expires_at", "since"})


def _with_times(item: dict[str, Any]) -> dict[str, Any]:
    return item | {name: datetime.fromisoformat(item[name]) for name in _TIMES & item.keys()}
