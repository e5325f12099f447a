"""Withdrawing a decision: from now on the evidence decides alone."""

from collections.abc import Iterator
from uuid import UUID

from common.errors import NotFoundError
from identity.customers.domain.identifiers import Identifier
from identity.merging.domain.outcomes import Outcome, Situation
from identity.merging.domain.release_plan import RELEASE
from identity.merging.domain.split_plan import UNLINK, identifier_of
from identity.merging.domain.undo_plan import WITHDRAWAL, undo_merge
from identity.resolution.domain.decisions import Decision
from identity.resolution.domain.graph.evidence import Rule


def withdraw_decision(situation: Situation, decision_id: UUID) -> Outcome:
    """End a decision, and bring its customers into line with the evidence without it.

    Customers that a merge united by decision are again what they were, unless the evidence says
    that they are one. Customers that it kept apart become one if the evidence says so.
    """
    decision = next((each for each in situation.past.standing if each.id == decision_id), None)
    if decision is None:
        raise NotFoundError("there is no such decision, or it was withdrawn")
    if decision.rule is Rule.MUST_LINK and decision.merge_id is not None:
        merge = next((each for each in situation.past.merges if each.id == decision.merge_id), None)
        if merge is not None:
            outcome = undo_merge(situation, merge, basis=WITHDRAWAL)
            if decision_id in outcome.withdrawn_ids:
                return outcome
    situation.withdraw(decision)
    ids = [decision.customer_id, decision.other_id]
    for piece in decision.evidence if decision.basis in {RELEASE, UNLINK} else ():
        ids += _take_back(situation, decision, identifier_of(piece))
    placement = situation.settle(*situation.present(ids))
    return Outcome(
        (),
        situation.present((*ids, *placement.created)),
        created_ids=tuple(placement.created),
        withdrawn_ids=(decision_id,),
    )


def _take_back(situation: Situation, decision: Decision, identifier: Identifier) -> Iterator[UUID]:
    """Undo what a decision did with one identifier; yield the customer that has it now."""
    roster, owner = situation.roster, situation.roster.owner(identifier.key)
    if decision.basis == RELEASE:
        roster.entries.revoke_release(identifier.key)
    elif owner is None:
        roster.link(situation.find_customer(decision.customer_id).id, identifier)
    if owner is not None:
        yield owner.id
