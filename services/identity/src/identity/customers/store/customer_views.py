"""Reads customers as they are shown, one or a page of them, in one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text

from common.db import ReadConnection
from common.errors import NotFoundError
from common.jsons import dumps
from identifiers import IdentifierKey
from identity.customers.domain.attributes import visible_values
from identity.customers.store.customer_json import attributes_from_json
from identity.customers.store.customers import MERGED_IDS

LATEST = datetime(9999, 1, 1, tzinfo=UTC)
EARLIEST = datetime(1, 1, 1, tzinfo=UTC)
LOWEST_ID = UUID(int=0)
MAX_CANDIDATES = 1_000
"""Customers with similar names that a search ranks. Beyond, it takes any of those that match."""

_SHOWN = f"""
    customer.id, customer.version, customer.created_at, customer.updated_at, customer.attributes,
    (SELECT json_agg(json_build_object(
         'type', identifier.type, 'value', identifier.value, 'raw', identifier.raw,
         'scope', nullif(identifier.scope, ''), 'level', identifier.level,
         'source', identifier.source, 'first_seen_at', identifier.first_seen_at)
         ORDER BY identifier.type, identifier.scope, identifier.value)
     FROM identifier
     WHERE identifier.tenant_id = :tenant_id
       AND identifier.customer_id = customer.id) AS identifiers,
    {MERGED_IDS}
"""

VIEW = text(
    f"""
    SELECT {_SHOWN}, customer.retired_at,
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
              AND entry.released_at IS NULL) AS quarantined
    FROM customer_alias AS requested
    JOIN customer ON customer.tenant_id = :tenant_id AND customer.id = requested.canonical_id
    WHERE requested.tenant_id = :tenant_id AND requested.origin_id = :customer_id
    """
)


def _page(found: str, order: str) -> TextClause:
    """Return the statement that shows the customers which ``found`` selects, in that order."""
    return text(
        f"""
        WITH found AS MATERIALIZED ({found})
        SELECT found.place, {_SHOWN}
        FROM found
        CROSS JOIN LATERAL (
            SELECT * FROM customer
            WHERE customer.tenant_id = :tenant_id AND customer.id = found.customer_id
            LIMIT 1) AS customer
        ORDER BY {order}
        """
    )


def _newest(condition: str) -> TextClause:
    return _page(
        f"""
        SELECT customer_id, created_at AS place FROM customer_search
        WHERE tenant_id = :tenant_id AND (created_at, customer_id) < (:before, :before_id)
          AND created_at >= :created_from {condition}
        ORDER BY created_at DESC, customer_id DESC
        LIMIT :limit
        """,
        "found.place DESC, found.customer_id DESC",
    )


NEWEST = _newest("")
NEWEST_OF_TIER = _newest("AND tier = :tier")
BY_PREFIX = _page(
    """
    SELECT customer_id, name AS place FROM customer_search
    WHERE tenant_id = :tenant_id AND name <> '' AND name >= :prefix AND name < :prefix_end
      AND (name, customer_id) > (:after, :after_id)
    ORDER BY name, customer_id
    LIMIT :limit
    """,
    "found.place, found.customer_id",
)
# The share of the searched text that a part of the name has comes first, then that of all of it.
SIMILAR = _page(
    f"""
    SELECT customer_id, -rank AS place FROM (
        SELECT customer_id,
               cast(1000 * word_similarity(:name, name) AS integer) * 1001
               + cast(1000 * similarity(:name, name) AS integer) AS rank
        FROM customer_search
        WHERE tenant_id = :tenant_id AND name <> '' AND name %> :name
        LIMIT {MAX_CANDIDATES}) AS candidate
    WHERE (-rank, customer_id) > (:after, :after_id)
    ORDER BY -rank, customer_id
    LIMIT :limit
    """,
    "found.place, found.customer_id",
)
BY_KEY = _page(
    """
    SELECT customer_id, 0 AS place FROM identifier
    WHERE tenant_id = :tenant_id AND type = :type AND scope = :scope AND value = :value
    """,
    "found.place",
)


@dataclass(frozen=True, slots=True)
class CustomerView:
    """A customer as lists show it: visible attributes, identifiers sorted by key."""

    customer_id: UUID
    merged_ids: list[UUID]
    version: int
    created_at: datetime
    updated_at: datetime
    attributes: dict[str, Any]
    identifiers: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class DetailedView(CustomerView):
    """A customer with what is claimed and quarantined."""

    claims: list[dict[str, Any]]
    """The identifiers of others that the customer claims."""
    claimed_by: list[dict[str, Any]]
    """The customer's identifiers that others claim, with who does."""
    retired_at: datetime | None
    quarantined: list[dict[str, Any]]

    @property
    def etag_parts(self) -> tuple[str, int, bytes]:
        """What the entity tag is made of, besides the caller's view.

        Who claims an identifier, and since when it is known, change without a version.
        """
        unversioned = [self.identifiers, self.claims, self.claimed_by, self.quarantined]
        return str(self.customer_id), self.version, dumps(unversioned)


@dataclass(frozen=True, slots=True)
class PlacedView:
    """A customer in a list; ``place`` is what the list is sorted by, before the id."""

    place: Any
    view: CustomerView


@dataclass(frozen=True, slots=True)
class CreationRange:
    """Customers created from a time on, and before the ``before_id`` of another time."""

    created_from: datetime = EARLIEST
    before: datetime = LATEST
    before_id: UUID = LOWEST_ID


async def get_customer_view(
    connection: ReadConnection, tenant_id: str, customer_id: UUID, *, now: datetime
) -> DetailedView:
    """Return the customer that an id leads to. Raises NotFoundError when it was never issued."""
    parameters = {"tenant_id": tenant_id, "customer_id": customer_id, "now": now}
    row = (await connection.execute(VIEW, parameters)).one_or_none()
    if row is None:
        raise NotFoundError("there is no such customer")
    return DetailedView(
        **_shown(row),
        retired_at=row.retired_at,
        claims=[_with_times(claim) for claim in row.claims or ()],
        claimed_by=[_with_times(claim) for claim in row.claimed_by or ()],
        quarantined=[_with_times(entry) for entry in row.quarantined or ()],
    )


async def list_newest(
    connection: ReadConnection,
    tenant_id: str,
    created: CreationRange,
    *,
    tier: str | None,
    limit: int,
) -> Sequence[PlacedView]:
    """Return customers, those of a tier if one is named, the newest first."""
    parameters = {
        "created_from": created.created_from,
        "before": created.before,
        "before_id": created.before_id,
        "limit": limit,
    }
    if tier is None:
        return await _list(connection, tenant_id, NEWEST, parameters)
    return await _list(connection, tenant_id, NEWEST_OF_TIER, {**parameters, "tier": tier})


async def list_by_prefix(
    connection: ReadConnection,
    tenant_id: str,
    prefix: str,
    *,
    after: tuple[str, UUID] | None,
    limit: int,
) -> Sequence[PlacedView]:
    """Return customers whose names begin with a folded prefix, in the order of their names."""
    name, customer_id = after or ("", LOWEST_ID)
    parameters = {
        "prefix": prefix,
        "prefix_end": f"{prefix}\U0010ffff",
        "after": name,
        "after_id": customer_id,
        "limit": limit,
    }
    return await _list(connection, tenant_id, BY_PREFIX, parameters)


async def list_similar(
    connection: ReadConnection,
    tenant_id: str,
    name: str,
    *,
    after: tuple[int, UUID] | None,
    limit: int,
) -> Sequence[PlacedView]:
    """Return customers with names similar to a folded one, the most similar first."""
    rank, customer_id = after or (-(2**31), LOWEST_ID)
    parameters = {"name": name, "after": rank, "after_id": customer_id, "limit": limit}
    return await _list(connection, tenant_id, SIMILAR, parameters)


async def list_by_key(
    connection: ReadConnection, tenant_id: str, key: IdentifierKey
) -> Sequence[PlacedView]:
    """Return the customer that holds an identifier, or nobody."""
    return await _list(connection, tenant_id, BY_KEY, key._asdict())


async def _list(
    connection: ReadConnection, tenant_id: str, statement: TextClause, parameters: dict[str, Any]
) -> Sequence[PlacedView]:
    rows = await connection.execute(statement, {"tenant_id": tenant_id, **parameters})
    return [PlacedView(row.place, CustomerView(**_shown(row))) for row in rows]


def _shown(row: Any) -> dict[str, Any]:
    """Return the members of ``CustomerView`` from the columns of ``_SHOWN``."""
    return {
        "customer_id": row.id,
        "merged_ids": list(row.merged_ids or ()),
        "version": row.version,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "attributes": visible_values(attributes_from_json(row.attributes)),
        "identifiers": [_with_times(identifier) for identifier in row.identifiers or ()],
    }


_TIMES = frozenset({"first_seen_at", "claimed_at", "expires_at", "since"})


def _with_times(item: dict[str, Any]) -> dict[str, Any]:
    return item | {name: datetime.fromisoformat(item[name]) for name in _TIMES & item.keys()}
