"""Merges that a person asks for: their decision overrides the doubts of the engine."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common.errors import ConflictError, ErrorCode, FieldError, NotFoundError
from identifiers import IdentifierKey
from identity.customers.domain.changes import MergeCause, MergeRecord
from identity.customers.domain.customers import Customer, CustomerLimits, absorb
from identity.customers.domain.type_rules import TypeRules
from identity.resolution.domain.components import keep_links_from_before
from identity.resolution.domain.decisions import Decision, keys_of
from identity.resolution.domain.graph.evidence import Rule
from identity.resolution.domain.roster import Roster


@dataclass(frozen=True, slots=True)
class MergePlan:
    """What a merge would do: ``absorbed`` joins ``target``, which becomes ``after``."""

    target: Customer
    absorbed: Customer
    after: Customer

    @property
    def absorbed_ids(self) -> tuple[UUID, ...]:
        return tuple(sorted((self.absorbed.id, *self.absorbed.merged_ids)))


def plan_merge(
    roster: Roster, source_id: UUID, target_id: UUID, limits: CustomerLimits
) -> MergePlan | None:
    """Return the plan that merges the source into the target, or None if they are one already.

    Accepts any id ever issued. Raises NotFoundError for an unknown id, and ConflictError when the
    result would exceed the limits.
    """
    source = _find_customer(roster, source_id, "/source_id")
    target = _find_customer(roster, target_id, "/target_id")
    if source.id == target.id:
        return None
    after = absorb(target, [source])
    _check_size("identifiers", len(after.identifiers), limits.max_identifiers)
    _check_size("attributes", len(after.attributes), limits.max_attributes)
    return MergePlan(target=target, absorbed=source, after=after)


def apply_merge(
    roster: Roster,
    plan: MergePlan,
    *,
    merge_id: UUID,
    cause: MergeCause,
    types: TypeRules,
    now: datetime,
    keys: tuple[IdentifierKey, ...] | None = None,
) -> MergeRecord:
    """Carry out the plan on the roster it was made from, and have the partition obey it.

    ``keys`` are the identifiers that stand for the two; unless given, the best of each.
    """
    keep_links_from_before(roster, plan.target.id, plan.absorbed.id, types=types)
    decision = Decision(
        merge_id,
        Rule.MUST_LINK,
        plan.target.id,
        plan.absorbed.id,
        keys_of(plan.target, plan.absorbed, types=types) if keys is None else keys,
        cause.actor,
        cause.reason,
        merge_id=merge_id,
    )
    roster.decide(decision, now=now)
    return roster.merge(plan.target.id, [plan.absorbed.id], merge_id=merge_id, cause=cause)


def _check_size(what: str, size: int, limit: int) -> None:
    if size > limit:
        raise ConflictError(
            f"the merged customer would have more than {limit} {what}",
            type_suffix=f"too-many-{what}",
        )


def _find_customer(roster: Roster, customer_id: UUID, pointer: str) -> Customer:
    customer = roster.find(customer_id)
    if customer is None:
        raise NotFoundError(
            "there is no such customer",
            errors=[FieldError(pointer, ErrorCode.NOT_FOUND, "no customer has this id")],
        )
    return customer
