"""Writes what customers are found by, in the same statement as the customers themselves."""

from datetime import datetime
from typing import Any
from uuid import UUID

from common.db import Columns
from identity.customers.domain.attributes import Attributes, visible_values
from identity.customers.domain.customers import Customer
from identity.customers.domain.search_terms import search_terms

TERMS = Columns(
    {
        "customer_id": "uuid",
        "version": "bigint",
        "created_at": "timestamptz",
        "name": "text",
        "tier": "text",
    }
)

# A job that indexes older customers holds no lock, so it may come with an older version.
UPSERT_TERMS = f"""
    INSERT INTO customer_search (tenant_id, {TERMS.names})
    SELECT :tenant_id, {TERMS.names} FROM {TERMS.table("terms")}
    ORDER BY customer_id
    ON CONFLICT (tenant_id, customer_id) DO UPDATE
    SET version = excluded.version, name = excluded.name, tier = excluded.tier
    WHERE customer_search.version < excluded.version
"""


def terms_row(customer: Customer) -> dict[str, Any]:
    """Return the row of ``TERMS`` that finds this customer."""
    return row_of(customer.id, customer.version, customer.created_at, customer.attributes)


def row_of(
    customer_id: UUID, version: int, created_at: datetime, attributes: Attributes
) -> dict[str, Any]:
    terms = search_terms(visible_values(attributes))
    return {
        "customer_id": customer_id,
        "version": version,
        "created_at": created_at,
        "name": terms.name,
        "tier": terms.tier,
    }
