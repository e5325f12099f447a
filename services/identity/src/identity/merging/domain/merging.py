"""Merges that somebody asks for: a person's decision, so the engine's doubts do not apply."""

from dataclasses import dataclass
from uuid import UUID

from common.errors import ConflictError, FieldError, NotFoundError
from identity.customers.domain.customers import Customer, combined
from identity.customers.domain.facts import Cause, Merge
from identity.resolution.domain.clusters import Rules
from identity.resolution.domain.roster import Roster


@dataclass(frozen=True, slots=True)
class MergePlan:
    """What a merge would do: ``absorbed`` becomes part of ``target``, which is then ``after``."""

    target: Customer
    absorbed: Customer
    after: Customer

    @property
    def absorbed_ids(self) -> tuple[UUID, ...]:
        return tuple(sorted((self.absorbed.id, *self.absorbed.merged_ids)))


def plan_merge(roster: Roster, source_id: UUID, target_id: UUID, rules: Rules) -> MergePlan | None:
    """Return what merging the source into the target means, None when they are one already.

    Any id ever issued will do. Raises NotFoundError for an unknown one, and ConflictError when
    the result would hold more than a customer may.
    """
    source = _known(roster, source_id, "/source_id")
    target = _known(roster, target_id, "/target_id")
    if source.id == target.id:
        return None
    after = combined(target, [source])
    _check_size("identifiers", len(after.identifiers), rules.max_identifiers)
    _check_size("attributes", len(after.attributes), rules.max_attributes)
    return MergePlan(target=target, absorbed=source, after=after)


def apply_merge(roster: Roster, plan: MergePlan, *, merge_id: UUID, cause: Cause) -> Merge:
    """Carry the plan out on the roster it was made from."""
    return roster.merge(plan.target.id, [plan.absorbed.id], merge_id=merge_id, cause=cause)


def _check_size(what: str, size: int, limit: int) -> None:
    if size > limit:
        raise ConflictError(
            f"the merged customer would hold more than {limit} {what}",
            type_suffix=f"too-many-{what}",
        )


def _known(roster: Roster, customer_id: UUID, pointer: str) -> Customer:
    customer = roster.find(customer_id)
    if customer is None:
        raise NotFoundError(
            "there is no such customer",
            errors=[FieldError(pointer=pointer, detail="no such customer")],
        )
    return customer
