"""Deciding on locked state: plan, lock what the plan rests on, plan anew until nothing moved."""

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from common.db import Transaction
from identity.customers.domain.customers import Customer
from identity.customers.domain.identifiers import Key
from identity.resolution.domain.roster import Roster
from identity.resolution.store.locks import Locks

T = TypeVar("T")
Load = Callable[[], Awaitable[Iterable[Customer]]]


async def settle(
    tx: Transaction,
    tenant_id: str,
    *,
    load: Load,
    plan: Callable[[Roster], T],
    keys: frozenset[Key] = frozenset(),
) -> tuple[Roster, T]:
    """Return the roster with its changes, and what ``plan`` made of it.

    A plan that changes nothing needs no lock: what it saw was true when it looked. ``keys`` are the
    identifiers that it may link; one that nobody holds is locked too. Each round finds more of
    what must be locked, or ends; there are at most as many rounds as merges happening meanwhile.
    """
    locks = Locks(tenant_id)
    while True:
        roster = Roster(await load())
        customer_ids = roster.customer_ids
        unknown = frozenset(key for key in keys if roster.owner(key) is None)
        result = plan(roster)
        if not roster.changes or locks.cover(unknown, customer_ids):
            return roster, result
        await locks.take(tx, unknown, customer_ids)
