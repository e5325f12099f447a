"""Reads the profiles of customers that have changed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common.db import Transaction
from common.runtime import in_turns
from identity.customers.domain.attributes import visible_values
from identity.customers.domain.customers import Customer
from identity.customers.domain.type_rules import BUILT_IN_RULES, TypeRules
from identity.customers.store.customers import list_customers_by_ids
from identity.matching.domain.keys import blocking_keys
from identity.matching.domain.profiles import Profile, read_profile
from identity.matching.store.profiles import (
    StoredProfile,
    delete_profiles,
    list_profiles,
    save_profiles,
)
from identity.matching.store.queue import claim_changed, insert_customers_of_before
from identity.matching.store.tenants import mark_outdated, save_growth


@dataclass(frozen=True, slots=True)
class ReadProfiles:
    """Read up to ``count`` customers, of one tenant; by default of the one that waits longest."""

    count: int
    tenant_id: str | None = None
    types: TypeRules = BUILT_IN_RULES


async def read_profiles(tx: Transaction, command: ReadProfiles, *, now: datetime) -> int:
    """Return how many customers were waiting, 0 if none was."""
    del now
    tenant_id, ids = await claim_changed(tx, command.tenant_id, count=command.count)
    if not ids:
        if command.tenant_id:
            return 0
        queued = await insert_customers_of_before(tx, count=command.count)
        return queued or await mark_outdated(tx)
    customers = await list_customers_by_ids(tx, tenant_id, ids)
    members = {each for customer in customers for each in (customer.id, *customer.merged_ids)}
    stored = await list_profiles(tx, tenant_id, members)
    read = [
        (profile_id, profile)
        async for customer in in_turns(customers)
        for profile_id, profile in _profiles_of(customer, stored, command.types)
    ]
    gone = {profile_id for profile_id, profile in read if profile.says_nothing} & stored.keys()
    changed = [
        StoredProfile(profile_id, profile, blocking_keys(profile, tenant_id=tenant_id))
        async for profile_id, profile in in_turns(read)
        if not profile.says_nothing
        and (profile_id not in stored or stored[profile_id].profile != profile)
    ]
    if gone:
        await delete_profiles(tx, tenant_id, gone)
    if changed or gone:
        replaced = [each.customer_id for each in changed if each.customer_id in stored]
        await save_profiles(tx, tenant_id, changed, replaced=replaced)
        await save_growth(tx, tenant_id, added=len(changed) - len(replaced) - len(gone))
    return len(ids)


def _profiles_of(
    customer: Customer, stored: Mapping[UUID, StoredProfile], types: TypeRules
) -> Iterator[tuple[UUID, Profile]]:
    """Yield the profile of a customer, and those of the customers that it absorbed.

    Of an absorbed one the contacts and numbers stay that the customer still has: others may since
    have turned out to be somebody else's.
    """
    own = profile_of(customer, types)
    yield customer.id, own
    for merged_id in customer.merged_ids:
        if merged_id in stored:
            yield merged_id, stored[merged_id].profile.narrowed_to(own)


def profile_of(customer: Customer, types: TypeRules) -> Profile:
    """Return what matching compares of a customer, and its proved customer numbers."""
    values: list[tuple[str, str, str]] = []
    numbers: dict[str, str] = {}
    for key, identifier in sorted(customer.identifiers.items()):
        if not types.of(key.type).is_exclusive:
            values.append(key)
        elif identifier.is_proved:
            numbers.setdefault(f"{key.type}:{key.scope}", key.value)
    return read_profile(visible_values(customer.attributes), values, numbers)
