"""Releasing an identifier from quarantine: it leads to its customer again, for good."""

from common.errors import NotFoundError
from identifiers import IdentifierKey
from identity.merging.domain.outcomes import Outcome, Situation
from identity.merging.domain.split_plan import evidence_of
from identity.resolution.domain.decisions import Decision
from identity.resolution.domain.placement import Newcomer, place

RELEASE = "release"


def release_identifier(situation: Situation, key: IdentifierKey) -> Outcome:
    """Take an identifier out of quarantine, whoever it has been proved together with.

    It goes where the evidence puts it. Nothing changes if it was released before. Raises
    NotFoundError if it is not in quarantine.
    """
    roster, context = situation.roster, situation.context
    entry = roster.entries.get(key)
    if entry is None:
        raise NotFoundError("there is no such identifier in quarantine")
    if entry.is_released:
        owner = roster.owner(key)
        return Outcome(customers=() if owner is None else (owner,))
    roster.entries.release(key, now=context.now)
    decision_id = situation.decide(
        Decision(
            context.new_id(),
            None,
            entry.customer_id,
            entry.customer_id,
            (),
            situation.decider.actor,
            situation.decider.reason,
            basis=RELEASE,
            evidence=(evidence_of(entry.identifier),),
        )
    )
    placement = place(roster, {key: entry.identifier}, Newcomer([key]), context)
    owner = roster.owner(key)
    concerned = () if owner is None else (owner.id,)
    return Outcome(
        (decision_id,),
        situation.present((*concerned, *placement.created)),
        created_ids=tuple(placement.created),
    )
