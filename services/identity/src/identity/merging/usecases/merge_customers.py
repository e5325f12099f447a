"""Makes two customers one because a person asked for it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common.db import Transaction
from common.ids import new_id
from common.messaging import outbox
from identity.customers.domain.changes import MergeCause
from identity.customers.domain.customers import CustomerLimits
from identity.customers.store.customers import list_customers_by_ids
from identity.events.announcing import announce
from identity.merging.domain.merge_plan import MergePlan, apply_merge, plan_merge
from identity.resolution.domain.roster import Roster
from identity.resolution.store.rosters import save_roster
from identity.resolution.usecases.locked_plan import plan_under_locks

RULE = "explicit"


@dataclass(frozen=True, slots=True)
class MergeCustomers:
    """Merge the source into the target. ``dry_run`` returns the plan and changes nothing."""

    tenant_id: str
    source_id: UUID
    target_id: UUID
    reason: str
    actor: str
    limits: CustomerLimits
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class MergeResult:
    """What the merge did, or would do. ``plan`` is None if the two were one customer already."""

    customer_id: UUID
    merge_id: UUID | None
    plan: MergePlan | None


async def merge_customers(
    tx: Transaction, command: MergeCustomers, *, now: datetime
) -> MergeResult:
    """Merge the source into the target; if they are one customer already, change nothing.

    Raises NotFoundError for an id never issued, ConflictError when the result would exceed the
    limits.
    """
    ids = (command.source_id, command.target_id)

    async def load() -> Roster:
        return Roster(await list_customers_by_ids(tx, command.tenant_id, ids))

    roster, result = await plan_under_locks(
        tx,
        command.tenant_id,
        load=load,
        plan=lambda roster: _plan(roster, command, now),
    )
    if roster.pending:
        await save_roster(tx, command.tenant_id, roster, now=now)
        events = announce(roster.pending.changes, tenant_id=command.tenant_id, now=now)
        await outbox.record(tx, events)
    return result


async def _plan(roster: Roster, command: MergeCustomers, now: datetime) -> MergeResult:
    plan = plan_merge(roster, command.source_id, command.target_id, command.limits)
    if plan is None:
        (customer_id,) = roster.customer_ids
        return MergeResult(customer_id, merge_id=None, plan=None)
    if command.dry_run:
        return MergeResult(plan.target.id, merge_id=None, plan=plan)
    cause = MergeCause(reason=command.reason, rule=RULE, actor=command.actor)
    merge = apply_merge(
        roster, plan, merge_id=new_id(), cause=cause, types=command.limits.types, now=now
    )
    return MergeResult(plan.target.id, merge_id=merge.id, plan=plan)
