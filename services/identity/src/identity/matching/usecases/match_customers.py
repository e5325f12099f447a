"""One round of matching: read what changed, else learn, compare and decide for one tenant."""

from dataclasses import dataclass
from datetime import datetime

from common.db import Transaction
from identity.customers.domain.customers import CustomerLimits
from identity.matching.store.queue import lock_matching
from identity.matching.store.tenants import find_pending_tenant, mark_settled
from identity.matching.usecases.compare_profiles import compare_profiles
from identity.matching.usecases.decide_candidates import decide_candidates
from identity.matching.usecases.learn_model import learn_model
from identity.matching.usecases.read_profiles import ReadProfiles, read_profiles
from identity.registry.usecases.tenant_rules import get_tenant_rules

MOST_DECIDED = 250
"""Candidates in one transaction, which locks their customers against resolutions."""


@dataclass(frozen=True, slots=True)
class MatchCustomers:
    """Do one round for up to ``count`` customers, of this tenant only if one is named.

    ``limits`` are the service's, for tenants without rules of their own.
    """

    limits: CustomerLimits
    count: int
    tenant_id: str | None = None


async def match_customers(tx: Transaction, command: MatchCustomers, *, now: datetime) -> int:
    """Return how much was done; 0 if nothing is left, or another process is at it.

    Pairs are decided once all profiles are compared, so that the order in which customers came
    makes no difference.
    """
    if not await lock_matching(tx, command.tenant_id):
        return 0
    count = command.count
    done = await read_profiles(
        tx, ReadProfiles(count, command.tenant_id, command.limits.types), now=now
    )
    if done:
        return done
    tenant = await find_pending_tenant(tx, command.tenant_id)
    if tenant is None:
        return 0
    if await learn_model(tx, tenant) is not None:
        return 1
    tenant_id, model = tenant.tenant_id, tenant.model
    done = await compare_profiles(tx, tenant_id, model, count=count, now=now)
    if not done:
        most = min(count, MOST_DECIDED)
        limits = (await get_tenant_rules(tx, tenant_id, command.limits)).limits
        done = await decide_candidates(tx, tenant_id, model, limits, count=most, now=now)
    if not done:
        await mark_settled(tx, tenant_id)
    return done
