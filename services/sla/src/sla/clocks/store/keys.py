"""How a batch of conversations is named in statements.

Keys are arrays, not the rows of ``Columns``: the planner knows the length of an array and reads a
few conversations by index, but takes any batch of rows for a hundred and scans a small table.
"""

from collections.abc import Collection
from typing import Any

from sla.clocks.domain.conversations import ConversationKey

_ARRAYS = "cast(:tenants AS text[]), cast(:ids AS uuid[])"

KEYS = f"unnest({_ARRAYS}) AS k (tenant_id, conversation_id)"
"""What to write after FROM to read the keys."""


def keys_with(**types: str) -> str:
    """Return ``KEYS`` with further columns, each from the array parameter of its name."""
    further = "".join(f", cast(:{name} AS {type_}[])" for name, type_ in types.items())
    return f"unnest({_ARRAYS}{further}) AS k (tenant_id, conversation_id, {', '.join(types)})"


def key_values(keys: Collection[ConversationKey]) -> dict[str, Any]:
    """Return the parameters of ``KEYS``."""
    return {"tenants": [tenant for tenant, _ in keys], "ids": [id_ for _, id_ in keys]}
