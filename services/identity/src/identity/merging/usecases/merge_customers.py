"""Makes two customers one because a person asked for it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common.db import Transaction
from identity.customers.domain.changes import MergeCause
from identity.customers.domain.customers import CustomerLimits
from identity.merging.domain.conflicts import Conflict, check_decisions, find_conflicts
from identity.merging.domain.merge_plan import MergePlan, apply_merge, plan_merge
from identity.merging.domain.origins import Origins, anchor_of
from identity.merging.domain.outcomes import Decider, Situation
from identity.merging.usecases.locked_decision import DecisionRequest, decide_under_locks

RULE = "explicit"


@dataclass(frozen=True, slots=True)
class MergeCustomers:
    """Merge the source into the target. ``dry_run`` returns the plan and changes nothing.

    ``override_decisions`` withdraws decisions that keep the two apart.
    """

    tenant_id: str
    source_id: UUID
    target_id: UUID
    reason: str
    actor: str
    limits: CustomerLimits
    dry_run: bool = False
    override_decisions: bool = False


@dataclass(frozen=True, slots=True)
class MergeResult:
    """What the merge did, or would do. ``plan`` is None if the two were one customer already."""

    customer_id: UUID
    merge_id: UUID | None
    plan: MergePlan | None
    conflicts: tuple[Conflict, ...] = ()
    version: int = 0
    """The customer's version; 0 for a ``dry_run``."""


async def merge_customers(
    tx: Transaction, command: MergeCustomers, *, now: datetime
) -> MergeResult:
    """Merge the source into the target; if they are one customer already, change nothing.

    Raises NotFoundError for an id never issued, ConflictError when the result would exceed the
    limits, and when a decision keeps the two apart that is not to be overridden.
    """
    request = DecisionRequest(
        command.tenant_id,
        Decider(command.actor, command.reason),
        command.limits,
        command.dry_run,
    )
    return await decide_under_locks(
        tx,
        request,
        lambda situation: _merge(situation, command),
        ids=(command.source_id, command.target_id),
        now=now,
    )


def _merge(situation: Situation, command: MergeCustomers) -> MergeResult:
    roster, context = situation.roster, situation.context
    plan = plan_merge(roster, command.source_id, command.target_id, command.limits)
    if plan is None:
        customer = situation.find_customer(command.target_id)
        return MergeResult(customer.id, None, None, version=customer.version)
    conflicts = find_conflicts(situation, plan.target, plan.absorbed)
    if command.dry_run:
        return MergeResult(plan.target.id, None, plan, conflicts)
    check_decisions(situation, conflicts, may_override=command.override_decisions)
    merges = situation.past.merges
    anchors = [
        anchor_of(customer, named_id, Origins(customer, merges), context.limits.types)
        for customer, named_id in (
            (plan.target, command.target_id),
            (plan.absorbed, command.source_id),
        )
    ]
    keys = tuple(anchor for anchor in anchors if anchor is not None)
    merge = apply_merge(
        roster,
        plan,
        merge_id=context.new_id(),
        cause=MergeCause(command.reason, RULE, command.actor),
        types=context.limits.types,
        now=context.now,
        keys=keys if len(keys) == len(anchors) else (),
    )
    customer = roster.get(plan.target.id)
    return MergeResult(customer.id, merge.id, plan, conflicts, customer.version)
