"""The locks of one unit of work, always in the same order: identifiers, then customers by id.

An identifier that no customer holds yet has no row to lock, so an advisory lock on its key stands
in. When two requests with one new address arrive together, the second waits and then finds the
customer of the first.
"""

from collections.abc import Set as AbstractSet
from uuid import UUID

from sqlalchemy import text

from common.db import Transaction
from identifiers import IdentifierKey
from identity.customers.store.tenant_lock import lock_key, lock_whole_tenant

# The array is sorted, and Postgres takes the locks in its order.
_LOCK_KEYS = text(
    """
    WITH shared AS MATERIALIZED (
        SELECT pg_advisory_xact_lock_shared(:whole_tenant)
    ), exclusive AS MATERIALIZED (
        SELECT pg_advisory_xact_lock(hash) FROM unnest(cast(:hashes AS bigint[])) AS hash
    )
    SELECT (SELECT count(*) FROM shared) + (SELECT count(*) FROM exclusive)
    """
)

LOCK_CUSTOMERS = text(
    """
    SELECT id FROM customer
    WHERE tenant_id = :tenant_id AND id = ANY(cast(:ids AS uuid[]))
    ORDER BY id
    FOR UPDATE
    """
)

# Taken out of order, which must not wait.
LOCK_FREE_CUSTOMERS = text(
    """
    SELECT id FROM customer
    WHERE tenant_id = :tenant_id AND id = ANY(cast(:ids AS uuid[]))
    FOR UPDATE SKIP LOCKED
    """
)

_RESTART = text(
    """
    DO $$ BEGIN
        RAISE EXCEPTION 'the customers changed while they were being locked'
        USING ERRCODE = 'serialization_failure';
    END $$
    """
)

MAX_KEY_LOCKS = 2_000
"""A unit of work with more new identifiers takes one lock for all of its tenant's. Postgres keeps
advisory locks in a table of fixed size: ``max_locks_per_transaction`` (64) per connection."""


class Locks:
    """The locks that one transaction of one tenant holds."""

    def __init__(self, tenant_id: str) -> None:
        self._tenant_id = tenant_id
        self._keys: set[IdentifierKey] = set()
        self._customers: set[UUID] = set()

    def cover(self, keys: AbstractSet[IdentifierKey], customers: AbstractSet[UUID]) -> bool:
        """Return whether all of these are locked."""
        return keys <= self._keys and customers <= self._customers

    async def take(
        self, tx: Transaction, keys: AbstractSet[IdentifierKey], customers: AbstractSet[UUID]
    ) -> None:
        """Lock the rest of these.

        Restarts the transaction if it would have to wait for a lock out of order.
        """
        new_keys, new_customers = keys - self._keys, customers - self._customers
        if new_keys and (self._keys or self._customers):
            await tx.execute(_RESTART)
        if new_keys:
            await self._take_keys(tx, new_keys)
        if new_customers:
            await self._take_customers(tx, new_customers)
        self._keys |= new_keys
        self._customers |= new_customers

    async def _take_customers(self, tx: Transaction, customers: AbstractSet[UUID]) -> None:
        parameters = {"tenant_id": self._tenant_id, "ids": sorted(customers)}
        if not self._customers or min(customers) > max(self._customers):
            await tx.execute(LOCK_CUSTOMERS, parameters)
            return
        locked = (await tx.execute(LOCK_FREE_CUSTOMERS, parameters)).all()
        if len(locked) < len(customers):
            await tx.execute(_RESTART)

    async def _take_keys(self, tx: Transaction, keys: AbstractSet[IdentifierKey]) -> None:
        if len(keys) > MAX_KEY_LOCKS:
            await lock_whole_tenant(tx, self._tenant_id)
            return
        hashes = sorted({lock_key(self._tenant_id, *key) for key in keys})
        parameters = {"whole_tenant": lock_key(self._tenant_id), "hashes": hashes}
        await tx.execute(_LOCK_KEYS, parameters)
