"""Keep the versions of customers, and no more of them than the retention allows."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from common.db import Transaction
from interactions.context.domain.aliases import Moment
from interactions.context.domain.versions import (
    MOST_VERSIONS,
    Compaction,
    Version,
    at_most,
    compact,
    needs_cut,
    older_than,
)
from interactions.context.store import profiles
from interactions.context.store.customers import versions as store
from interactions.context.store.customers.claims import delete_expired_claims
from interactions.context.store.keys import Key
from interactions.context.store.profiles import StoredProfile


async def keep_versions(
    tx: Transaction,
    versions: Sequence[tuple[Key, Version]],
    before: Mapping[Key, StoredProfile],
    after: Mapping[Key, int],
) -> None:
    """Keep new versions of customers whose profiles are locked.

    ``before`` are their profiles without these, ``after`` their latest versions with them. A
    customer with too many versions loses the oldest.
    """
    firsts = [
        (customer, Version(stored.profile.version, _written(stored), stored.profile))
        for customer, stored in sorted(before.items())
    ]
    await store.insert_first_bases(tx, firsts)
    await store.insert_versions(tx, versions)
    crowded = [
        customer
        for customer, latest in after.items()
        if customer in before and needs_cut(before[customer].profile.version, latest)
    ]
    for customer in crowded:
        await _compact(tx, [customer], at_most(after[customer] - MOST_VERSIONS))


async def compact_versions(tx: Transaction, *, before: datetime, count: int) -> int:
    """Fold versions recorded before a time into bases, and delete claims that have expired.

    Returns how many of either it did; fewer than ``count`` of both mean that none is left.
    """
    customers = await store.list_aged(tx, before=before, count=count)
    if customers:
        await profiles.lock_profiles(tx, customers)
        await _compact(tx, customers, older_than(before))
    return len(customers) + await delete_expired_claims(tx, count=count)


async def _compact(
    tx: Transaction, customers: Sequence[Key], aged: Callable[[Version], bool]
) -> None:
    kept = await store.list_versions(tx, customers)
    compactions: dict[Key, Compaction] = {}
    for customer, versions in kept.items():
        compaction = compact(versions, aged)
        if compaction is not None:
            compactions[customer] = compaction
    await store.save_compactions(tx, compactions)


def _written(stored: StoredProfile) -> Moment:
    return Moment(stored.updated_at, stored.updated_at)
