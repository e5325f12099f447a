"""The locks of one unit of work, always in the same order: identifiers, then customers by id.

An identifier that nobody holds yet has no row to lock, so its key is locked instead: of two first
contacts with one new address the second waits, and then finds the first one's customer.
"""

from collections.abc import Set as AbstractSet
from hashlib import blake2b
from uuid import UUID

from sqlalchemy import text

from common.db import Transaction
from identity.customers.domain.identifiers import Key

# Locks are taken in the order of the array, which is sorted.
_LOCK_KEYS = text(
    "WITH together AS MATERIALIZED (SELECT pg_advisory_xact_lock_shared(:everything)),"
    " one_by_one AS MATERIALIZED (SELECT pg_advisory_xact_lock(hash)"
    " FROM unnest(cast(:hashes AS bigint[])) AS hash)"
    " SELECT (SELECT count(*) FROM together) + (SELECT count(*) FROM one_by_one)"
)

_LOCK_EVERYTHING = text("SELECT pg_advisory_xact_lock(:everything)")

LOCK_CUSTOMERS = text(
    "SELECT id FROM customer WHERE tenant_id = :tenant_id AND id = ANY(cast(:ids AS uuid[]))"
    " ORDER BY id FOR UPDATE"
)

_RESTART = text(
    "DO $$ BEGIN RAISE EXCEPTION 'the customers changed while they were locked'"
    " USING ERRCODE = 'serialization_failure'; END $$"
)


MANY_KEYS = 2_000
"""Beyond this a unit of work locks out all new identifiers of its tenant at once. Postgres keeps
such locks in a table of fixed size: ``max_locks_per_transaction`` (64) for each connection."""


class Locks:
    """What one transaction of one tenant holds."""

    def __init__(self, tenant_id: str) -> None:
        self._tenant_id = tenant_id
        self._keys: set[Key] = set()
        self._customers: set[UUID] = set()

    def cover(self, keys: AbstractSet[Key], customers: AbstractSet[UUID]) -> bool:
        """Say whether all of these are held."""
        return keys <= self._keys and customers <= self._customers

    async def take(
        self, tx: Transaction, keys: AbstractSet[Key], customers: AbstractSet[UUID]
    ) -> None:
        """Take what is missing; start the unit of work anew where that would break the order."""
        new_keys, new_customers = keys - self._keys, customers - self._customers
        if self._would_break_order(new_keys, new_customers):
            await tx.execute(_RESTART)
        if new_keys:
            await self._take_keys(tx, new_keys)
        if new_customers:
            await tx.execute(
                LOCK_CUSTOMERS, {"tenant_id": self._tenant_id, "ids": sorted(new_customers)}
            )
        self._keys |= new_keys
        self._customers |= new_customers

    async def _take_keys(self, tx: Transaction, keys: AbstractSet[Key]) -> None:
        everything = {"everything": _hash(self._tenant_id)}
        if len(keys) > MANY_KEYS:
            await tx.execute(_LOCK_EVERYTHING, everything)
            return
        hashes = sorted({_hash(self._tenant_id, *key) for key in keys})
        await tx.execute(_LOCK_KEYS, {**everything, "hashes": hashes})

    def _would_break_order(self, keys: AbstractSet[Key], customers: AbstractSet[UUID]) -> bool:
        if keys and (self._keys or self._customers):
            return True
        return bool(customers and self._customers and min(customers) < max(self._customers))


def _hash(*parts: str) -> int:
    digest = blake2b("\x00".join(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)
