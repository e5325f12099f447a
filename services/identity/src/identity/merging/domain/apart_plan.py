"""Forcing two customers apart: they are never merged, whatever proves that they are one."""

from uuid import UUID

from common.errors import ConflictError
from identity.customers.domain.customers import Customer
from identity.merging.domain.outcomes import Outcome, Situation
from identity.resolution.domain.decisions import Decision
from identity.resolution.domain.graph.evidence import Rule

APART = "apart"


def keep_apart(situation: Situation, customer_id: UUID, other_id: UUID) -> Outcome:
    """Keep two customers apart from now on; nothing changes if a decision does so already.

    Raises NotFoundError for an id never issued, ConflictError if they are one customer, or one has
    no identifier by which it could be told from the other.
    """
    one = situation.find_customer(customer_id, "/customer_id")
    other = situation.find_customer(other_id, "/other_id")
    if one.id == other.id:
        raise ConflictError(
            "both ids lead to one customer: undo the merge that united them, or split it",
            type_suffix="one-customer",
        )
    if contrary_decisions(situation, one, other, Rule.CANNOT_LINK):
        return Outcome(customers=(one, other))
    if not one.identifiers or not other.identifiers:
        raise ConflictError(
            "one of the customers has no identifier to keep apart from the other's",
            type_suffix="no-identifiers",
        )
    sides = [one.identifiers.keys(), other.identifiers.keys()]
    separation = situation.separation(one, other, sides=sides)
    decision_id = situation.decide(
        Decision(
            situation.context.new_id(),
            Rule.CANNOT_LINK,
            one.id,
            other.id,
            (),
            situation.decider.actor,
            situation.decider.reason,
            basis=APART,
            links=separation.links(now=situation.context.now),
        )
    )
    placement = situation.settle(one, other)
    return Outcome(
        (decision_id,),
        situation.present((one.id, other.id, *placement.created)),
        created_ids=tuple(placement.created),
    )


def contrary_decisions(
    situation: Situation, one: Customer, other: Customer, rule: Rule
) -> list[Decision]:
    """Return the standing decisions of that rule between two customers, by any of their ids."""
    ids = [{each.id, *each.merged_ids} for each in (one, other)]
    keys = [each.identifiers.keys() for each in (one, other)]
    return [
        decision
        for decision in situation.past.standing
        if decision.rule is rule
        and (
            _is_between((decision.customer_id, decision.other_id), *ids)
            or any(_is_between(link[:2], *keys) for link in decision.all_links if link.rule is rule)
        )
    ]


def _is_between(ends: tuple[object, object], one: object, other: object) -> bool:
    first, second = ends
    return (first in one and second in other) or (first in other and second in one)  # type: ignore[operator]
