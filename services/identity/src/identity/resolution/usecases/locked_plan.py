"""Plans on locked state: plan, lock everything the plan rests on, and plan again until stable."""

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from common.db import Transaction
from identifiers import IdentifierKey
from identity.customers.domain.customers import Customer
from identity.resolution.domain.roster import Roster
from identity.resolution.store.locks import Locks

T = TypeVar("T")
Load = Callable[[], Awaitable[Iterable[Customer]]]


async def plan_under_locks(
    tx: Transaction,
    tenant_id: str,
    *,
    load: Load,
    plan: Callable[[Roster], Awaitable[T]],
    keys: frozenset[IdentifierKey] = frozenset(),
) -> tuple[Roster, T]:
    """Return the roster with its pending writes, and the result of ``plan``.

    A plan without writes needs no lock: what it read was true at that time. ``keys`` are the
    identifiers that the plan may link; those that no customer holds are locked by key. Each round
    either locks more or is the last, so there are at most as many rounds as concurrent merges.
    """
    locks = Locks(tenant_id)
    while True:
        roster = Roster(await load())
        customer_ids = roster.customer_ids
        unowned = frozenset(key for key in keys if roster.owner(key) is None)
        result = await plan(roster)
        if not roster.pending or locks.cover(unowned, customer_ids):
            return roster, result
        await locks.take(tx, unowned, customer_ids)
