"""Reads the customers that a unit of work concerns: one statement, however many there are."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from common.db import Transaction
from identity.customers.domain.customers import Customer
from identity.customers.domain.identifiers import Key
from identity.customers.store.images import read_attributes, read_identifiers

_WHOLE = """
SELECT customer.id, customer.version, customer.created_at, customer.attributes,
       (SELECT json_agg(json_build_object(
                   'type', held.type, 'scope', held.scope, 'value', held.value, 'raw', held.raw,
                   'level', held.level, 'source', held.source,
                   'first_seen_at', held.first_seen_at))
          FROM identifier AS held
         WHERE held.tenant_id = :tenant_id AND held.customer_id = customer.id) AS identifiers,
       (SELECT array_agg(alias.origin_id ORDER BY alias.origin_id)
          FROM customer_alias AS alias
         WHERE alias.tenant_id = :tenant_id AND alias.canonical_id = customer.id
           AND alias.origin_id <> customer.id) AS merged_ids
  FROM wanted JOIN customer ON customer.tenant_id = :tenant_id AND customer.id = wanted.id
"""

BY_KEYS = text(
    """
WITH wanted AS MATERIALIZED (
    SELECT DISTINCT identifier.customer_id AS id
      FROM unnest(cast(:types AS text[]), cast(:scopes AS text[]), cast(:values AS text[]))
           AS asked (type, scope, value)
      JOIN identifier ON identifier.tenant_id = :tenant_id AND identifier.type = asked.type
       AND identifier.scope = asked.scope AND identifier.value = asked.value
)"""
    + _WHOLE
)

BY_IDS = text(
    """
WITH wanted AS MATERIALIZED (
    SELECT DISTINCT customer_alias.canonical_id AS id
      FROM customer_alias
     WHERE customer_alias.tenant_id = :tenant_id
       AND customer_alias.origin_id = ANY(cast(:ids AS uuid[]))
)"""
    + _WHOLE
)


async def find_by_keys(tx: Transaction, tenant_id: str, keys: Iterable[Key]) -> list[Customer]:
    """Return the canonical customers that hold any of these identifiers, whole."""
    asked = sorted(set(keys))
    if not asked:
        return []
    types, scopes, values = (list(column) for column in zip(*asked, strict=True))
    parameters = {"tenant_id": tenant_id, "types": types, "scopes": scopes, "values": values}
    return [_customer(row) for row in await tx.execute(BY_KEYS, parameters)]


async def find_by_ids(tx: Transaction, tenant_id: str, ids: Sequence[UUID]) -> list[Customer]:
    """Return the canonical customers that answer to these ids, whole; unknown ids are left out."""
    parameters = {"tenant_id": tenant_id, "ids": sorted(set(ids))}
    return [_customer(row) for row in await tx.execute(BY_IDS, parameters)]


def _customer(row: Any) -> Customer:
    return Customer(
        id=row.id,
        version=row.version,
        created_at=row.created_at,
        identifiers=read_identifiers(row.identifiers or ()),
        attributes=read_attributes(row.attributes),
        merged_ids=tuple(row.merged_ids or ()),
    )
