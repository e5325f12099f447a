"""Make two customers one because somebody says so."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common.db import Transaction
from common.ids import new_id
from common.messaging import outbox
from identity.customers.domain.facts import Cause
from identity.customers.store import customers
from identity.events.announcing import announce
from identity.merging.domain.merging import MergePlan, apply_merge, plan_merge
from identity.resolution.domain.clusters import Rules
from identity.resolution.domain.roster import Roster
from identity.resolution.store import changes
from identity.resolution.usecases.settlement import settle

RULE = "explicit"


@dataclass(frozen=True, slots=True)
class MergeCustomers:
    """The target survives. ``dry_run`` only tells what would happen."""

    tenant_id: str
    source_id: UUID
    target_id: UUID
    reason: str
    actor: str
    rules: Rules
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Merged:
    """What happened, or would happen. Without a plan the two were one customer already."""

    customer_id: UUID
    merge_id: UUID | None
    plan: MergePlan | None


async def merge_customers(tx: Transaction, command: MergeCustomers, *, now: datetime) -> Merged:
    """Merge the source into the target; when they are one already, change nothing.

    Raises NotFoundError for an id never issued, ConflictError when the result would be too large.
    """
    ids = (command.source_id, command.target_id)
    roster, merged = await settle(
        tx,
        command.tenant_id,
        load=lambda: customers.find_by_ids(tx, command.tenant_id, ids),
        plan=lambda roster: _plan(roster, command),
    )
    if roster.changes:
        await changes.save(tx, command.tenant_id, roster, now=now)
        happened = roster.changes.facts
        await outbox.record(tx, announce(happened, tenant_id=command.tenant_id, now=now))
    return merged


def _plan(roster: Roster, command: MergeCustomers) -> Merged:
    plan = plan_merge(roster, command.source_id, command.target_id, command.rules)
    if plan is None:
        (customer_id,) = roster.customer_ids
        return Merged(customer_id, merge_id=None, plan=None)
    if command.dry_run:
        return Merged(plan.target.id, merge_id=None, plan=plan)
    cause = Cause(reason=command.reason, rule=RULE, actor=command.actor)
    merge = apply_merge(roster, plan, merge_id=new_id(), cause=cause)
    return Merged(plan.target.id, merge_id=merge.id, plan=plan)
