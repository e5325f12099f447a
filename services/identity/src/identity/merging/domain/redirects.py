"""Where absorbed ids lead once a merge is undone."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from identity.customers.domain.changes import Undo
from identity.customers.domain.customers import Customer
from identity.merging.domain.origins import AbsorbedCustomer
from identity.merging.domain.outcomes import Situation
from identity.resolution.domain.roster import Part


def restore_redirects(
    situation: Situation, customer: Customer, parts: Sequence[Part], undo: Undo
) -> None:
    """Announce the redirects of ids whose earlier ones would lead them astray now.

    Most ids need none: one that was absorbed before the merge leads to where it led then.
    """
    absorbed = situation.past.absorbed
    restored = {part.id for part in parts}
    lead_of = {own_id: part.id for part in parts for own_id in (part.id, *part.merged_ids)}
    for own_id in sorted(absorbed.keys() & set(customer.merged_ids) - restored):
        lead = lead_of.get(own_id, customer.id)
        if _follow(absorbed, own_id, restored) != lead:
            situation.roster.redirect(absorbed[own_id].customer, lead, undo)


def _follow(absorbed: Mapping[UUID, AbsorbedCustomer], own_id: UUID, restored: set[UUID]) -> UUID:
    """Return where the redirects so far lead from an id, now that some ids are canonical again."""
    current, left = own_id, len(absorbed)
    while current in absorbed and current not in restored and left:
        current, left = absorbed[current].merged_into, left - 1
    return current
