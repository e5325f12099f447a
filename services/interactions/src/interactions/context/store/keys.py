"""How a batch of customers is named in statements."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from common.db import Columns

Key = tuple[str, UUID]
"""Tenant and customer."""

KEY_COLUMNS = Columns({"tenant_id": "text", "customer_id": "uuid"})


def key_row(key: Key) -> dict[str, Any]:
    tenant_id, customer_id = key
    return {"tenant_id": tenant_id, "customer_id": customer_id}


def key_rows(keys: Iterable[Key]) -> str:
    """Return the parameter that holds the keys as rows of ``KEY_COLUMNS``."""
    return KEY_COLUMNS.values([key_row(key) for key in keys])
