"""Undoing a merge: each side is again the customer that it was, with what came since for it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from identifiers import IdentifierKey
from identity.customers.domain.attributes import Attributes
from identity.customers.domain.changes import MergeCause, Undo
from identity.customers.domain.customers import Customer
from identity.customers.domain.type_rules import TypeRules
from identity.merging.domain.origins import Origins, PastMerge, attributes_of
from identity.merging.domain.outcomes import Outcome, Situation
from identity.merging.domain.redirects import restore_redirects
from identity.resolution.domain.decisions import Decision
from identity.resolution.domain.graph.evidence import Link, LinkId, Rule, links_among
from identity.resolution.domain.roster import Part

UNDO = "undo"
WITHDRAWAL = "withdrawal"


def undo_merge(situation: Situation, merge: PastMerge, *, basis: str = UNDO) -> Outcome:
    """Make the customers of a merge those that they were before.

    Nothing changes if its customers are apart already. A mere withdrawal of the decision behind the
    merge does not keep them apart: if the evidence says that they are one, they stay so.
    """
    customer = situation.find_customer(merge.before[0].id)
    origins = Origins(customer, situation.past.merges)
    absorbed = origins.absorbed_by(merge)
    if not absorbed:
        return Outcome(customers=(customer,))
    sides = (merge.before[0], *absorbed)
    return _Undo(situation, merge, sides, origins, basis).run()


@dataclass(slots=True)
class _Undo:
    situation: Situation
    merge: PastMerge
    sides: Sequence[Customer]
    """The survivor and those absorbed, as they were before the merge."""
    origins: Origins
    basis: str

    def run(self) -> Outcome:
        customer = self._customer()
        withdrawn = self._withdraw()
        self._link_from_before()
        decision_ids = self._decide() if self.basis == UNDO else ()
        allotment = self._allot()
        parts = [
            self._part(lead, group, allotment)
            for lead, group in sorted(allotment.groups.items())
            if lead != customer.id
        ]
        if parts:
            self._separate(customer, parts, allotment, *decision_ids, *withdrawn)
        restored_ids = tuple(part.id for part in parts)
        concerned = self.situation.present((customer.id, *restored_ids))
        placement = self.situation.settle(*concerned, restored=set(restored_ids))
        joined: set[UUID] = set()
        for side in self.sides:
            self._follow_identifiers(side, joined)
        return Outcome(
            decision_ids,
            self.situation.present((customer.id, *restored_ids, *placement.created)),
            restored_ids,
            tuple(placement.created),
            withdrawn,
        )

    def _follow_identifiers(self, side: Customer, joined: set[UUID]) -> None:
        """Have a side go on with what evidence made of its identifiers since the merge.

        Its id is the one that goes on, unless an earlier side of those ``joined`` has them.
        """
        roster, limits = self.situation.roster, self.situation.context.limits
        restored = roster.find(side.id)
        if restored is None or restored.id != side.id or restored.identifiers:
            return
        owners = (roster.owner(key) for key in self._by_strength(side))
        owner = next((owner for owner in owners if owner is not None), None)
        if owner is None:
            return
        if owner.id in joined:
            survivor_id, absorbed_id = owner.id, side.id
        elif owner.created_at >= self.merge.merged_at:
            survivor_id, absorbed_id = side.id, owner.id
        else:
            return
        joined.add(survivor_id)
        roster.merge(
            survivor_id,
            [absorbed_id],
            merge_id=self.situation.context.new_id(),
            cause=self._cause(),
            max_attributes=limits.max_attributes,
        )

    def _by_strength(self, side: Customer) -> list[IdentifierKey]:
        types = self.situation.context.limits.types
        ordered = sorted(side.identifiers.values(), key=lambda each: each.strength(types))
        return [identifier.key for identifier in ordered]

    def _cause(self) -> MergeCause:
        decider = self.situation.decider
        return MergeCause(decider.reason, self.basis, decider.actor)

    def _separate(
        self, customer: Customer, parts: Sequence[Part], allotment: "Allotment", *decision_ids: UUID
    ) -> None:
        undo = Undo(self.merge.id, self.merge.merged_at, decision_ids[0], self._cause())
        attributes = self._attributes(customer.id, allotment.groups[customer.id])
        self.situation.separate(customer.id, parts, undo, attributes)
        restore_redirects(self.situation, customer, parts, undo)

    def _customer(self) -> Customer:
        return cast("Customer", self.situation.roster.find(self.sides[0].id))

    def _keys(self, side: Customer) -> frozenset[IdentifierKey]:
        """Return the identifiers of a side that are its customer's, or of one split from it."""
        return frozenset(key for key in side.identifiers if self._is_of_merged(key))

    def _is_of_merged(self, key: IdentifierKey) -> bool:
        """Return whether the customer has it, or somebody that was created since the merge."""
        owner = self.situation.roster.owner(key)
        return owner is not None and (
            owner.id == self._customer().id or owner.created_at >= self.merge.merged_at
        )

    def _owners(self) -> tuple[Customer, ...]:
        """Return the customers that have identifiers of the sides."""
        keys = sorted(key for side in self.sides for key in self._keys(side))
        owners = (self.situation.roster.owner(key) for key in keys)
        ids = dict.fromkeys(owner.id for owner in owners if owner is not None)
        return self.situation.present((self._customer().id, *ids))

    def _withdraw(self) -> tuple[UUID, ...]:
        """End the decisions that make one customer of the sides."""
        side_of = {
            own_id: place
            for place, side in enumerate(self.sides)
            for own_id in (side.id, *side.merged_ids)
        }
        withdrawn: list[UUID] = []
        for decision in self.situation.past.standing:
            places = [side_of.get(each) for each in (decision.customer_id, decision.other_id)]
            is_across = None not in places and places[0] != places[1]
            if decision.rule is Rule.MUST_LINK and (
                is_across or decision.merge_id == self.merge.id
            ):
                self.situation.withdraw(decision)
                withdrawn.append(decision.id)
        return tuple(withdrawn)

    def _link_from_before(self) -> None:
        """Bind what each side had before evidence was kept: only the merge bound it since."""
        own, evidence = self._customer().identifiers, self.situation.roster.evidence
        for side in self.sides:
            before = [
                own[key]
                for key, identifier in side.identifiers.items()
                if key in own and identifier.is_proved and not identifier.has_evidence
            ]
            for link in links_among(
                before, self.situation.context.limits.types, rule=Rule.BEFORE_EVIDENCE
            ):
                evidence.assume(link)
                evidence.keep(evidence.get(link.id) or link)

    def _decide(self) -> tuple[UUID, ...]:
        """Keep the sides apart, by a decision about the survivor and each absorbed customer."""
        sides = [self._keys(side) for side in self.sides]
        separation = self.situation.separation(*self._owners(), sides=sides)
        links = separation.links(now=self.situation.context.now)
        by_side: defaultdict[int, list[LinkId]] = defaultdict(list)
        for link in links:
            places = [separation.side_of(key) for key in link[:2]]
            by_side[max(1, *(place or 0 for place in places))].append(link)
        decisions = [
            Decision(
                self.situation.context.new_id(),
                Rule.CANNOT_LINK,
                self.sides[0].id,
                side.id,
                (),
                self.situation.decider.actor,
                self.situation.decider.reason,
                undo_of=self.merge.id,
                basis=UNDO,
                links=tuple(by_side[place]),
            )
            for place, side in enumerate(self.sides)
            if place
        ]
        return tuple(self.situation.decide(decision) for decision in decisions)

    def _allot(self) -> "Allotment":
        customer = self._customer()
        component = self.situation.component(*self._owners())
        partition = self.situation.divide(component)
        before = {**self.origins.customers_before(self.merge)}
        before |= {side.id: side for side in self.sides}
        clusters = [[key for key in keys if self._is_of_merged(key)] for keys in partition.clusters]
        types = self.situation.context.limits.types
        return allot(customer, self.sides, before, clusters, links=component.links, types=types)

    def _part(self, lead: UUID, group: Sequence[Customer], allotment: "Allotment") -> Part:
        ids = allotment.ids_of(lead)
        return Part(
            self.situation.past.absorbed[lead].customer,
            allotment.keys[lead],
            self._attributes(lead, group),
            tuple(sorted(ids - {lead})),
        )

    def _attributes(self, lead: UUID, group: Sequence[Customer]) -> Attributes:
        """Return the attributes of the customers of a group; what came since stays where it is."""
        customer = self._customer()
        attributes = dict(attributes_of(group))
        if lead == customer.id:
            attributes |= {
                name: value
                for name, value in customer.attributes.items()
                if value.ingested_at > self.merge.merged_at
            }
        return attributes


@dataclass(frozen=True, slots=True)
class Allotment:
    """Which customers of before each customer continues, by the id under which it goes on."""

    groups: Mapping[UUID, Sequence[Customer]]
    keys: Mapping[UUID, frozenset[IdentifierKey]]
    """What a restored customer takes along."""
    customer: Customer
    """The customer that is divided."""

    def ids_of(self, lead: UUID) -> set[UUID]:
        """Return the ids of a group, but for those of customers that are apart already."""
        own = {self.customer.id, *self.customer.merged_ids}
        ids = {own_id for each in self.groups[lead] for own_id in (each.id, *each.merged_ids)}
        return ids & own


def allot(
    customer: Customer,
    sides: Sequence[Customer],
    before: Mapping[UUID, Customer],
    clusters: Sequence[Sequence[IdentifierKey]],
    *,
    links: Iterable[Link],
    types: TypeRules,
) -> Allotment:
    """Return who continues whom, given clusters of identifiers of the customer, or split from it.

    A side goes where its best identifier is, whoever has it now; without any, it is apart. If that
    is with another customer, it goes on with what came with its identifiers and is nobody else's.
    Another customer of ``before`` goes where its best one is that the customer still has, or stays.
    A group goes on under the id that all had, else that of its side.
    """
    cluster_of = {key: place for place, keys in enumerate(clusters) for key in keys}
    own = {key: place for key, place in cluster_of.items() if key in customer.identifiers}
    side_ids = [side.id for side in sides]
    home: dict[UUID, object] = {
        each.id: _home(each, cluster_of if each.id in side_ids else own, types)
        for each in before.values()
    }
    present = set(own.values())
    for side in sides:
        if home[side.id] not in present:
            came = _came_with(side, links, own).difference(home.values())
            home[side.id] = min(came, default=home[side.id])
    stays = home.get(customer.id)
    if stays is None:
        stays = home[customer.id] = home[side_ids[0]]
    slots: defaultdict[object, list[Customer]] = defaultdict(list)
    for each in before.values():
        alone = each.id if each.id in side_ids[1:] else stays
        slots[alone if home[each.id] is None else home[each.id]].append(each)
    groups: dict[UUID, Sequence[Customer]] = {}
    keys: dict[UUID, frozenset[IdentifierKey]] = {}
    for slot, group in slots.items():
        ids = [each.id for each in group]
        lead = customer.id if customer.id in ids else _lead(ids, side_ids)
        groups[lead] = group
        claimed = (key for each in group for key in _claims(each, customer))
        cluster = clusters[slot] if isinstance(slot, int) else ()
        proved = (key for key in cluster if key in customer.identifiers)
        keys[lead] = frozenset((*proved, *claimed))
    return Allotment(groups, keys, customer)


def _home(
    customer: Customer, cluster_of: Mapping[IdentifierKey, int], types: TypeRules
) -> int | None:
    ordered = sorted(customer.identifiers.values(), key=lambda each: each.strength(types))
    return next((cluster_of[each.key] for each in ordered if each.key in cluster_of), None)


def _came_with(side: Customer, links: Iterable[Link], own: Mapping[IdentifierKey, int]) -> set[int]:
    """Return the clusters of identifiers that came together with one of the side."""
    ends = (link.id[:2] for link in links if link.id.rule is Rule.TOGETHER)
    pairs = (pair for low, high in ends for pair in ((low, high), (high, low)))
    return {own[other] for key, other in pairs if key in side.identifiers and other in own}


def _lead(ids: Sequence[UUID], side_ids: Sequence[UUID]) -> UUID:
    return next((each for each in side_ids if each in ids), min(ids))


def _claims(before: Customer, customer: Customer) -> Iterable[IdentifierKey]:
    """Yield the identifiers that a customer only claimed, then and now."""
    for key in before.identifiers.keys() & customer.identifiers.keys():
        if not customer.identifiers[key].is_proved:
            yield key
