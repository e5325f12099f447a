"""Plans on locked state: plan, lock everything the plan rests on, and plan again until stable."""

from collections.abc import Awaitable, Callable
from collections.abc import Set as AbstractSet
from functools import partial
from typing import TypeVar
from uuid import UUID

from common.db import Transaction
from identifiers import IdentifierKey
from identity.customers.domain.versions import VersionsNotLoadedError
from identity.resolution.domain.roster import NotLoadedError, Roster
from identity.resolution.store.locks import Locks
from identity.resolution.store.versions import list_versions

T = TypeVar("T")
Load = Callable[[], Awaitable[Roster]]


async def plan_under_locks(
    tx: Transaction,
    tenant_id: str,
    *,
    load: Load,
    plan: Callable[[Roster], Awaitable[T]],
    keys: frozenset[IdentifierKey] = frozenset(),
    load_whole: Callable[[AbstractSet[IdentifierKey]], Awaitable[Roster]] | None = None,
    customers: frozenset[UUID] = frozenset(),
) -> tuple[Roster, T]:
    """Return the roster with its pending writes, and the result of ``plan``.

    A plan without writes needs no lock: what it read was true at that time. ``keys`` are the
    identifiers that the plan may link; those that no customer holds are locked by key.
    ``load_whole`` loads what a plan needs that raises NotLoadedError, with what the error names;
    what was reported for customers is loaded when a plan raises VersionsNotLoadedError.
    ``customers`` are locked in any case, so that nobody is deciding on them at the same time. Each
    round either locks more, loads more, or is the last, so there are at most as many rounds as
    concurrent merges.
    """
    locks = Locks(tenant_id)
    also: frozenset[IdentifierKey] = frozenset()
    if customers:
        await locks.take(tx, keys, customers)
    reported: frozenset[UUID] = frozenset()
    while True:
        roster = await load()
        await load_versions(tx, tenant_id, roster, reported)
        customer_ids = roster.customer_ids
        unowned = frozenset(key for key in keys if roster.owner(key) is None)
        try:
            result = await plan(roster)
        except NotLoadedError as missing:
            if load_whole is None:
                raise
            also |= missing.keys
            load = partial(load_whole, also)
        except VersionsNotLoadedError as error:
            reported |= error.ids
        else:
            if not roster.pending or locks.cover(unowned, customer_ids):
                return roster, result
        await locks.take(tx, unowned, customer_ids)


async def load_versions(
    tx: Transaction, tenant_id: str, roster: Roster, ids: frozenset[UUID]
) -> None:
    """Put on the roster what was reported for these customer ids, if there are any."""
    if ids:
        roster.versions.load(ids, await list_versions(tx, tenant_id, ids))
