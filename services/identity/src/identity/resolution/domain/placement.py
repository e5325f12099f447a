"""Brings the customers on a roster into line with the partition that the evidence gives."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from identifiers import IdentifierKey
from identity.customers.domain.attributes import Json, Observation
from identity.customers.domain.changes import MergeCause, SplitCause
from identity.customers.domain.customers import Customer
from identity.customers.domain.identifiers import DropReason, Identifier
from identity.customers.domain.type_rules import Rank, TypeRules
from identity.resolution.domain.components import Component, component_of
from identity.resolution.domain.context import Context
from identity.resolution.domain.departures import Leave, follow, handed_over_at
from identity.resolution.domain.graph.claims import Claim
from identity.resolution.domain.graph.partition import Partition, divide
from identity.resolution.domain.roster import NotLoadedError, Roster

ENGINE = "engine"
MERGE_RULE = "proved-identifiers.v2"
MERGE_REASON = "proved to be one person"
SPLIT = SplitCause("proved to be two persons", MERGE_RULE, ENGINE)


@dataclass(frozen=True, slots=True)
class Moved:
    """An identifier that went from one customer to another."""

    identifier: Identifier
    from_id: UUID
    to_id: UUID


@dataclass(frozen=True, slots=True)
class Newcomer:
    """What a request says of its customer, should that be a new one."""

    keys: Sequence[IdentifierKey]
    """What it proved, the strongest first: the customer is of the first that is not quarantined."""
    claimed: Sequence[Identifier] = ()
    observations: Sequence[Observation] = ()


@dataclass(slots=True)
class Placement:
    """What has changed."""

    partition: Partition
    created: list[UUID] = field(default_factory=list)
    merged: list[UUID] = field(default_factory=list)
    split: list[UUID] = field(default_factory=list)
    moved: list[Moved] = field(default_factory=list)


def place(
    roster: Roster,
    facts: Mapping[IdentifierKey, Identifier],
    newcomer: Newcomer | None,
    context: Context,
    *,
    preferred: AbstractSet[UUID] = frozenset(),
) -> Placement:
    """Divide what is connected with the identifiers of ``facts``, and change whose they are.

    Of customers that become one, a ``preferred`` one goes on.
    """
    component, partition = _settled(roster, facts, context)
    placement = Placement(partition)
    _keep_links_from_before(roster, component)
    for key in sorted(facts.keys() - partition.quarantined):
        roster.entries.recover(key)
    for key in sorted(partition.quarantined):
        roster.quarantine(key, DropReason.QUARANTINED, now=context.now)
    placer = _Placer(roster, component, newcomer, context, placement, preferred)
    canonical = placer.merge(placer.homes())
    for index, keys in enumerate(partition.clusters):
        customer_id = canonical.get(index)
        if customer_id is None:
            placer.create(keys)
        else:
            placer.gather(customer_id, keys)
    for key in sorted(partition.evicted):
        owner = roster.owner(key)
        if owner is not None:
            roster.unlink(owner.id, key)
    placer.have_attributes_follow()
    return placement


def _settled(
    roster: Roster, facts: Mapping[IdentifierKey, Identifier], context: Context
) -> tuple[Component, Partition]:
    """Return what is concerned and its partition; devices that are set free belong to it, too.

    Raises NotLoadedError if what these are connected with is not on the roster.
    """
    component, partition = _divided(roster, facts, context)
    devices = _devices_set_free(roster, component, partition, facts, context.limits.types)
    if not devices:
        return component, partition
    if roster.asked is not None and not devices <= roster.asked:
        raise NotLoadedError(devices)
    owners = ((key, roster.owner(key)) for key in devices)
    held = {key: owner.identifiers[key] for key, owner in owners if owner is not None}
    return _divided(roster, {**held, **facts}, context)


def _divided(
    roster: Roster, facts: Mapping[IdentifierKey, Identifier], context: Context
) -> tuple[Component, Partition]:
    component = component_of(roster, facts, context.limits.types)
    partition = divide(
        component.identifiers,
        component.links,
        context.limits,
        released=roster.entries.released,
        shared=roster.shared,
    )
    return component, partition


def _devices_set_free(
    roster: Roster,
    component: Component,
    partition: Partition,
    facts: Mapping[IdentifierKey, Identifier],
    types: TypeRules,
) -> set[IdentifierKey]:
    """Return the devices that may be with others now, of whom the component holds nothing.

    Those are the devices of what enters or leaves quarantine: it was proved on them last, and did
    not matter before, or does not any more.
    """
    entering = {key for key in partition.quarantined if roster.owner(key) is not None}
    entries = ((key, roster.entries.get(key)) for key in facts.keys() - partition.quarantined)
    leaving = {key for key, entry in entries if entry is not None and not entry.is_released}
    free: set[IdentifierKey] = set()
    for link in component.links:
        refused = partition.refused.get(link.id) is DropReason.QUARANTINED
        for key in link.id[:2]:
            other = link.other(key)
            if other in facts or types.rank(other.type) is not Rank.DEVICE:
                continue
            owner, holder = roster.owner(key), roster.owner(other)
            loses = refused and owner is not None and holder is not None and owner.id == holder.id
            if key in entering or key in leaving or loses:
                free.add(other)
    return free


def _keep_links_from_before(roster: Roster, component: Component) -> None:
    for link in component.links:
        if not all(
            component.identifiers[key].has_evidence
            for key in link.id[:2]
            if key in component.identifiers
        ):
            roster.evidence.keep(link)


@dataclass(slots=True)
class _Placer:
    roster: Roster
    component: Component
    newcomer: Newcomer | None
    context: Context
    placement: Placement
    preferred: AbstractSet[UUID] = frozenset()

    @property
    def types(self) -> TypeRules:
        return self.context.limits.types

    def homes(self) -> dict[int, list[Customer]]:
        """Return the customers that each cluster continues.

        A customer goes on where it is alone, if anywhere, and else where its best identifier is.
        """
        clusters = self.placement.partition.clusters
        cluster_of = {key: index for index, keys in enumerate(clusters) for key in keys}
        owners: defaultdict[int, set[UUID]] = defaultdict(set)
        parts: defaultdict[UUID, dict[int, Identifier]] = defaultdict(dict)
        for key, index in cluster_of.items():
            owner = self.roster.owner(key)
            if owner is None:
                continue
            stored = owner.identifiers[key]
            if self._is_claim(stored) and not self._goes_whole(owner, clusters[index]):
                continue
            owners[index].add(owner.id)
            best = parts[owner.id].get(index)
            if best is None or stored.strength(self.types) < best.strength(self.types):
                parts[owner.id][index] = stored
        homes: defaultdict[int, list[Customer]] = defaultdict(list)
        for customer_id in sorted(parts):
            best_of = parts[customer_id]
            home = min(
                best_of,
                key=lambda index: (len(owners[index]) > 1, best_of[index].strength(self.types)),
            )
            homes[home].append(self.roster.get(customer_id))
        return homes

    def merge(self, homes: Mapping[int, Sequence[Customer]]) -> dict[int, UUID]:
        """Make the customers of each cluster one, and return its id by cluster."""
        canonical: dict[int, UUID] = {}
        for index, customers in sorted(homes.items()):
            survivor, *absorbed = sorted(customers, key=self._precedence)
            canonical[index] = survivor.id
            if absorbed:
                keys = self.placement.partition.clusters[index]
                cause = MergeCause(
                    MERGE_REASON, MERGE_RULE, ENGINE, self._evidence(keys, customers)
                )
                merge = self.roster.merge(
                    survivor.id,
                    sorted(each.id for each in absorbed),
                    merge_id=self.context.new_id(),
                    cause=cause,
                    max_attributes=self.context.limits.max_attributes,
                )
                self.placement.merged += merge.absorbed_ids
        return canonical

    def _precedence(self, customer: Customer) -> tuple[Any, ...]:
        return customer.id not in self.preferred, customer.survivor_rank(self.types)

    def create(self, keys: Sequence[IdentifierKey]) -> None:
        """Make a customer of identifiers that are nobody's, or were taken for somebody else's."""
        new_id = self.context.new_id()
        taken: defaultdict[UUID, list[Identifier]] = defaultdict(list)
        for key in keys:
            owner_id = self._take(key, new_id)
            if owner_id is not None:
                taken[owner_id].append(self._fact(key))
        newcomer = self.newcomer if self._is_of_newcomer(keys) else None
        facts = [self._fact(key) for key in keys]
        if newcomer is not None:
            facts += newcomer.claimed[: max(0, self.context.limits.max_identifiers - len(facts))]
        self.roster.create(
            new_id, facts, newcomer.observations if newcomer else (), now=self.context.now
        )
        self.placement.created.append(new_id)
        for owner_id, identifiers in sorted(taken.items()):
            if any(self.types.rank(item.key.type) is not Rank.DEVICE for item in identifiers):
                self.roster.split(owner_id, new_id, identifiers, SPLIT)
                self.placement.split.append(new_id)

    def _is_of_newcomer(self, keys: Sequence[IdentifierKey]) -> bool:
        own = () if self.newcomer is None else self.newcomer.keys
        quarantined = self.placement.partition.quarantined
        return next((key for key in own if key not in quarantined), None) in keys

    def gather(self, customer_id: UUID, keys: Sequence[IdentifierKey]) -> None:
        """Give the customer all identifiers of its cluster."""
        for key in keys:
            fact, owner = self._fact(key), self.roster.owner(key)
            if owner is not None and owner.id == customer_id:
                stored = owner.identifiers[key]
                if fact.level > stored.level:
                    self.roster.link(customer_id, fact)
                elif fact != stored:
                    self.roster.confirm(fact)
                continue
            self._take(key, customer_id)
            self.roster.link(customer_id, fact)
        self._drop_claims_beyond_limit(customer_id)

    def have_attributes_follow(self) -> None:
        """Have the attributes go with the identifiers that went to other customers."""
        leaves: defaultdict[UUID, dict[IdentifierKey, Leave]] = defaultdict(dict)
        for moved in self.placement.moved:
            key = moved.identifier.key
            since = handed_over_at(
                key,
                self.component.links,
                former=self.roster.get(moved.from_id).identifiers,
                present=self.roster.get(moved.to_id).identifiers,
                types=self.context.limits.types,
            )
            leaves[moved.from_id][key] = Leave(moved.to_id, since)
        for source_id in sorted(leaves):
            follow(
                self.roster,
                source_id,
                leaves[source_id],
                max_attributes=self.context.limits.max_attributes,
            )

    def _take(self, key: IdentifierKey, to_id: UUID) -> UUID | None:
        """Take an identifier from its owner, who keeps a claim on it if it had no more.

        Returns the owner if the identifier was proved to be its own.
        """
        owner = self.roster.owner(key)
        if owner is None:
            return None
        stored = self.roster.unlink(owner.id, key)
        if self._is_claim(stored):
            self.roster.claim(
                Claim(
                    key,
                    owner.id,
                    stored.raw,
                    stored.source,
                    stored.first_seen_at,
                    self.context.now + self.context.limits.claim_lifetime,
                ),
                stored,
                held_by=to_id,
            )
            return None
        self.placement.moved.append(Moved(stored, owner.id, to_id))
        return owner.id

    def _drop_claims_beyond_limit(self, customer_id: UUID) -> None:
        identifiers = self.roster.get(customer_id).identifiers
        excess = len(identifiers) - self.context.limits.max_identifiers
        if excess > 0:
            claims = sorted(
                (item for item in identifiers.values() if self._is_claim(item)),
                key=lambda item: (item.first_seen_at, item.key),
            )
            for item in claims[:excess]:
                self.roster.unlink(customer_id, item.key)

    def _fact(self, key: IdentifierKey) -> Identifier:
        identifier = self.component.identifiers[key]
        return identifier if identifier.has_evidence else identifier.confirmed_by(identifier)

    def _is_claim(self, identifier: Identifier) -> bool:
        return not identifier.is_proved and identifier.key not in self.component.bound

    def _goes_whole(self, customer: Customer, keys: Sequence[IdentifierKey]) -> bool:
        """Return whether a customer of claims only has proved all of them, as one person."""
        return customer.identifiers.keys() <= set(keys)

    def _evidence(
        self, keys: Sequence[IdentifierKey], customers: Sequence[Customer]
    ) -> tuple[Mapping[str, Json], ...]:
        """Return the best proved identifiers that lead to each customer."""
        pieces: list[Mapping[str, Json]] = []
        for customer in customers:
            own = [self._fact(key) for key in keys if key in customer.identifiers]
            best = min(own, key=lambda item: (item.presented is None, item.strength(self.types)))
            shown = [item for item in own if item.presented is not None] or [best]
            pieces += [_piece(customer.id, item) for item in shown]
        return tuple(sorted(pieces, key=lambda piece: (piece["type"], piece["value"])))


def _piece(customer_id: UUID, identifier: Identifier) -> Mapping[str, Json]:
    key = identifier.key
    return {
        "customer_id": str(customer_id),
        "type": key.type,
        "scope": key.scope or None,
        "value": key.value,
        "level": identifier.level.label,
    }
