"""Writes the keys of customers again when the normaliser's version has changed.

A key of another version is never looked up, so until a customer's turn comes identity is asked.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from common.db import Transaction
from interactions.context.store import known_identifiers, rekeying
from interactions.context.store.known_identifiers import KnownIdentifier
from interactions.context.store.rekeying import Position, StoredProfile
from interactions.history import key_of_identity


@dataclass(frozen=True, slots=True)
class Rekeyed:
    """How many customers were done; ``finished`` if none is left."""

    customers: int
    finished: bool


async def rekey_customers(tx: Transaction, *, count: int) -> Rekeyed:
    """Write the keys of the next ``count`` customers, from their profiles."""
    position = await rekeying.lock_position(tx)
    if position is None:
        return Rekeyed(0, finished=True)
    profiles = await rekeying.list_profiles(tx, position, count=count)
    finished = len(profiles) < count
    if profiles:
        await rekeying.delete_older_keys(tx, profiles)
        keys = [key for profile in profiles for key in _known(profile)]
        if keys:
            await known_identifiers.save_known_identifiers(tx, keys)
        position = Position(profiles[-1].tenant_id, profiles[-1].customer_id)
    await rekeying.save_position(tx, position, finished=finished)
    return Rekeyed(len(profiles), finished)


def _known(profile: StoredProfile) -> Iterator[KnownIdentifier]:
    for identifier in profile.identifiers:
        key = key_of_identity(identifier["type"], identifier["scope"], identifier["value"])
        if key is not None:
            level = identifier["level"]
            customer, at = profile.customer_id, profile.updated_at
            yield KnownIdentifier(profile.tenant_id, *key, customer, level, at)
