"""Taking identifiers from a customer: for another person, or because they are nobody's."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from common.errors import ErrorCode, FieldError, InvalidError
from identifiers import IdentifierKey
from identity.customers.domain.attributes import Attributes
from identity.customers.domain.changes import MergeCause, SplitCause, Undo
from identity.customers.domain.customers import Customer
from identity.customers.domain.identifiers import Identifier, Level
from identity.merging.domain.origins import Origins, PastMerge, attributes_of
from identity.merging.domain.outcomes import Outcome, Situation
from identity.merging.domain.redirects import restore_redirects
from identity.resolution.domain.decisions import Decision
from identity.resolution.domain.graph.evidence import LinkId, Rule
from identity.resolution.domain.roster import Part

SPLIT = "split"
UNLINK = "unlink"


def split_customer(
    situation: Situation, customer_id: UUID, keys: Sequence[IdentifierKey]
) -> Outcome:
    """Make identifiers those of another customer: one that was absorbed with them, or a new one.

    If the evidence leads from them to somebody else, the new one becomes that customer at once.

    Raises NotFoundError for an id never issued, InvalidError for an identifier that the customer
    does not have, and if it would have none left.
    """
    customer = situation.find_customer(customer_id)
    group = _own(customer, keys, "/identifiers")
    if group == customer.identifiers.keys():
        raise InvalidError(
            "the customer would have no identifier left",
            errors=[
                FieldError(
                    "/identifiers", ErrorCode.TOO_MANY, "must leave the customer another one"
                )
            ],
        )
    withdrawn = _withdraw_across(situation, customer, group)
    rest = customer.identifiers.keys() - group
    separation = situation.separation(customer, sides=[rest, group], is_whole=True)
    links = separation.links(now=situation.context.now)
    decision_id = situation.context.new_id()
    returning = _Returning.of(situation, customer, group)
    if returning is None:
        other_id, undo_of = situation.context.new_id(), None
        _create(situation, customer.id, other_id, group, decision_id)
    else:
        other_id, undo_of = returning.lead.id, returning.merge.id
        returning.restore(situation, customer, group, decision_id)
    situation.decide(
        Decision(
            decision_id,
            Rule.CANNOT_LINK,
            customer.id,
            other_id,
            (),
            situation.decider.actor,
            situation.decider.reason,
            undo_of=undo_of,
            basis=SPLIT,
            links=links,
        )
    )
    restored_ids = (other_id,) if undo_of else ()
    concerned = situation.present((customer.id, other_id))
    placement = situation.settle(*concerned, restored=set(restored_ids))
    created = placement.created if undo_of else [other_id, *placement.created]
    return Outcome(
        (decision_id,),
        situation.present((customer.id, other_id, *placement.created)),
        restored_ids,
        tuple(each for each in created if each in situation.roster.customer_ids),
        withdrawn,
    )


def unlink_identifier(situation: Situation, customer_id: UUID, key: IdentifierKey) -> Outcome:
    """Take an identifier from a customer; it is nobody's until somebody else presents it.

    Raises NotFoundError for an id never issued, InvalidError if the customer does not have it.
    """
    customer = situation.find_customer(customer_id)
    group = _own(customer, [key], "/identifier")
    withdrawn = _withdraw_across(situation, customer, group)
    rest = customer.identifiers.keys() - group
    separation = situation.separation(customer, sides=[rest, group], is_whole=True)
    links = separation.links(now=situation.context.now)
    identifier = situation.roster.unlink(customer.id, key)
    decision_id = situation.decide(
        Decision(
            situation.context.new_id(),
            Rule.CANNOT_LINK,
            customer.id,
            customer.id,
            (),
            situation.decider.actor,
            situation.decider.reason,
            basis=UNLINK,
            evidence=(evidence_of(identifier),),
            links=links,
        )
    )
    placement = situation.settle(*situation.present((customer.id,)))
    return Outcome(
        (decision_id,),
        situation.present((customer.id, *placement.created)),
        created_ids=tuple(placement.created),
        withdrawn_ids=withdrawn,
    )


def evidence_of(identifier: Identifier) -> Mapping[str, Any]:
    """Return an identifier as the evidence of a decision, from which it can be linked again."""
    key, verified_at = identifier.key, identifier.verified_at
    return {
        "type": key.type,
        "scope": key.scope or None,
        "value": key.value,
        "level": identifier.level.label,
        "raw": identifier.raw,
        "source": identifier.source,
        "first_seen_at": identifier.first_seen_at.isoformat(),
        "verified_at": None if verified_at is None else verified_at.isoformat(),
    }


def identifier_of(piece: Mapping[str, Any]) -> Identifier:
    """Return the identifier that such evidence is about."""
    verified_at = piece["verified_at"]
    return Identifier(
        IdentifierKey(piece["type"], piece["scope"] or "", piece["value"]),
        piece["raw"],
        Level.parse(piece["level"]),
        piece["source"],
        datetime.fromisoformat(piece["first_seen_at"]),
        verified_at=None if verified_at is None else datetime.fromisoformat(verified_at),
    )


def _own(
    customer: Customer, keys: Sequence[IdentifierKey], pointer: str
) -> AbstractSet[IdentifierKey]:
    if not customer.identifiers.keys() >= set(keys):
        raise InvalidError(
            "the customer has no such identifier",
            errors=[
                FieldError(pointer, ErrorCode.NOT_FOUND, "must be an identifier of the customer")
            ],
        )
    return frozenset(keys)


def _withdraw_across(
    situation: Situation, customer: Customer, group: AbstractSet[IdentifierKey]
) -> tuple[UUID, ...]:
    """End the decisions that bind identifiers of the group to others of the customer."""
    rest = customer.identifiers.keys() - group
    contrary = [
        decision
        for decision in situation.past.standing
        if any(
            link.rule is Rule.MUST_LINK and _is_across(link, group, rest)
            for link in decision.all_links
        )
    ]
    for decision in contrary:
        situation.withdraw(decision)
    return tuple(decision.id for decision in contrary)


def _is_across(
    link: LinkId, group: AbstractSet[IdentifierKey], rest: AbstractSet[IdentifierKey]
) -> bool:
    return (link.low in group and link.high in rest) or (link.low in rest and link.high in group)


def _create(
    situation: Situation,
    customer_id: UUID,
    new_id: UUID,
    group: AbstractSet[IdentifierKey],
    decision_id: UUID,
) -> None:
    roster, decider = situation.roster, situation.decider
    identifiers = [roster.unlink(customer_id, key) for key in sorted(group)]
    roster.create(new_id, identifiers, (), now=situation.context.now)
    history_from = roster.get(customer_id).created_at
    cause = SplitCause(decider.reason, SPLIT, decider.actor, decision_id, history_from)
    roster.split(customer_id, new_id, identifiers, cause)


@dataclass(frozen=True, slots=True)
class _Returning:
    """Absorbed customers all of whose identifiers are split off, so that one of them returns."""

    images: Sequence[Customer]
    """As they were when they were absorbed, the one that returns first."""
    merge: PastMerge
    """The merge that absorbed that one."""
    origins: Origins

    @property
    def lead(self) -> Customer:
        return self.images[0]

    @classmethod
    def of(
        cls, situation: Situation, customer: Customer, group: AbstractSet[IdentifierKey]
    ) -> "_Returning | None":
        origins = Origins(customer, situation.past.merges)
        returning = [
            (image, merge)
            for merge in situation.past.merges
            for image in origins.absorbed_by(merge)
            if (left := image.identifiers.keys() & customer.identifiers.keys()) and left <= group
        ]
        returning.sort(key=lambda each: (-len(each[0].identifiers), each[0].id))
        images = [image for image, _ in returning]
        return cls(images, returning[0][1], origins) if returning else None

    def restore(
        self,
        situation: Situation,
        customer: Customer,
        group: AbstractSet[IdentifierKey],
        decision_id: UUID,
    ) -> None:
        """Restore the customer that returns; the ids of the others lead to it."""
        ids = {own_id for image in self.images for own_id in (image.id, *image.merged_ids)}
        ids &= set(customer.merged_ids)
        others = tuple(sorted(ids - {self.lead.id}))
        within = {own_id for image in self.images for own_id in image.merged_ids}
        absorbed, decider = situation.past.absorbed, situation.decider
        part = Part(
            absorbed[self.lead.id].customer,
            frozenset(group),
            attributes_of([image for image in self.images if image.id not in within]),
            others,
        )
        cause = MergeCause(decider.reason, SPLIT, decider.actor)
        undo = Undo(self.merge.id, self.merge.merged_at, decision_id, cause)
        situation.separate(customer.id, [part], undo, self._left(customer, ids))
        restore_redirects(situation, customer, [part], undo)

    def _left(self, customer: Customer, gone: AbstractSet[UUID]) -> Attributes:
        """Return the attributes that stay: those of the others, and what came since."""
        before = self.origins.customers_before(self.merge).values()
        since = {
            name: value
            for name, value in customer.attributes.items()
            if value.ingested_at > self.merge.merged_at
        }
        return {**attributes_of([each for each in before if each.id not in gone]), **since}
