"""The lock of one tenant, shared by those who link new identifiers.

With the lock alone, a transaction knows that no identifier is being linked for the first time by
rules that it is about to change.
"""

from hashlib import blake2b

from sqlalchemy import text

from common.db import Transaction

_LOCK_WHOLE_TENANT = text("SELECT pg_advisory_xact_lock(:whole_tenant)")


async def lock_whole_tenant(tx: Transaction, tenant_id: str) -> None:
    """Wait for all who link new identifiers of the tenant, and keep others from beginning."""
    await tx.execute(_LOCK_WHOLE_TENANT, {"whole_tenant": lock_key(tenant_id)})


def lock_key(*parts: str) -> int:
    """Return the number of an advisory lock that these texts name."""
    digest = blake2b("\x00".join(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)
