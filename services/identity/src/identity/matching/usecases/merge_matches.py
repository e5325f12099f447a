"""Merges customers that are alike: many unions in one unit of work."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from common.db import Transaction
from common.ids import new_id
from common.messaging import outbox
from identity.customers.domain.customers import CustomerLimits
from identity.customers.store.customers import list_customers_by_ids
from identity.events.announcing import announce
from identity.matching.domain.unions import Apart, Union, unite_alike
from identity.resolution.domain.roster import Roster
from identity.resolution.store.obstacles import list_kept_apart, list_shared
from identity.resolution.store.rosters import save_roster
from identity.resolution.usecases.locked_plan import plan_under_locks

Pair = tuple[UUID, UUID]
_NEXT = timedelta(microseconds=1)


async def merge_matches(
    tx: Transaction,
    tenant_id: str,
    unions: Sequence[Union],
    limits: CustomerLimits,
    *,
    now: datetime,
) -> Mapping[Pair, str]:
    """Merge in order; return why the pairs stay two that are not one customer now."""
    ids = sorted({each for union in unions for each in union.pair})
    apart: Apart = frozenset()

    async def load() -> Roster:
        nonlocal apart
        apart = await list_kept_apart(tx, tenant_id, ids)
        customers = await list_customers_by_ids(tx, tenant_id, ids)
        keys = [key for customer in customers for key in customer.identifiers]
        shared = await list_shared(tx, tenant_id, keys)
        return Roster(customers, shared=shared, rules_version=limits.rules_version)

    async def plan(roster: Roster) -> Mapping[Pair, str]:
        return _unite(roster, unions, apart, limits, now=now)

    roster, refused = await plan_under_locks(tx, tenant_id, load=load, plan=plan)
    if roster.pending:
        await save_roster(tx, tenant_id, roster, now=now)
        events = announce(roster.pending.changes, tenant_id=tenant_id, now=now)
        await outbox.record(tx, events)
    return refused


def _unite(
    roster: Roster,
    unions: Sequence[Union],
    apart: Apart,
    limits: CustomerLimits,
    *,
    now: datetime,
) -> Mapping[Pair, str]:
    """Unite in order; the times of the links keep that order for every later partition."""
    refused: dict[Pair, str] = {}
    for number, union in enumerate(unions):
        at = now + number * _NEXT
        obstacle = unite_alike(roster, union, apart, limits, merge_id=new_id(), at=at)
        if obstacle is not None:
            refused[union.pair] = obstacle
    return refused
