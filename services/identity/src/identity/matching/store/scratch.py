"""Deletes everything of a scratch tenant."""

from sqlalchemy import text

from common.db import Transaction

_TABLES = (
    "match_candidate", "match_profile", "match_queue", "match_tenant", "outbox", "link", "claim",
    "quarantine", "decision", "merge_log", "key_conflict", "attribute_observation", "identifier",
    "customer_alias", "customer_search", "customer",
)  # fmt: skip
_DELETE = (
    text(
        """
        DELETE FROM match_key USING match_profile AS profile, unnest(profile.keys) AS own (key)
        WHERE profile.tenant_id = :tenant_id AND match_key.tenant_id = :tenant_id
          AND match_key.key = own.key AND match_key.customer_id = profile.customer_id
        """
    ),
    *(text(f"DELETE FROM {table} WHERE tenant_id = :tenant_id") for table in _TABLES),
)
_MAY_DELETE = text(
    "SELECT bool_and(has_table_privilege(name, 'DELETE'))"
    " FROM unnest(cast(:names AS text[])) AS name"
)


async def delete_tenant(tx: Transaction, tenant_id: str) -> bool:
    """Delete all rows of a tenant that nobody else uses; return whether this role may do that."""
    if not (await tx.execute(_MAY_DELETE, {"names": ["match_key", *_TABLES]})).scalar_one():
        return False
    for statement in _DELETE:
        await tx.execute(statement, {"tenant_id": tenant_id})
    return True
