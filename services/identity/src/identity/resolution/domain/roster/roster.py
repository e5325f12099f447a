"""The customers of one unit of work, loaded once, changed in memory and written at its end."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from identifiers import IdentifierKey
from identity.customers.domain.attributes import (
    Attributes,
    Observation,
    Version,
    apply_observations,
    at_level,
    changed_names,
    keep_claims,
    written_after,
)
from identity.customers.domain.changes import (
    CustomerCreated,
    CustomerRedirected,
    CustomersMerged,
    CustomerSplit,
    CustomerUnmerged,
    CustomerUpdated,
    IdentifierAdded,
    IdentifierClaimed,
    IdentifierRemoved,
    MergeCause,
    MergeRecord,
    SplitCause,
    Undo,
)
from identity.customers.domain.customers import Customer, absorb
from identity.customers.domain.denials import Denials
from identity.customers.domain.identifiers import DropReason, Identifier, Level
from identity.customers.domain.versions import Departure, Versions
from identity.resolution.domain.decisions import Decision, Withdrawal
from identity.resolution.domain.graph.claims import Claim
from identity.resolution.domain.graph.evidence import Evidence, Link
from identity.resolution.domain.graph.quarantine import Quarantined
from identity.resolution.domain.roster.entries import Entries
from identity.resolution.domain.roster.pending import Part, PendingWrites


class Roster:
    """Canonical customers by id and by identifier key. ``pending`` collects every change.

    A roster that ``is_whole`` holds everything that its identifiers are connected with; without,
    only their customers. ``rules_version`` is that of the tenant's rules by which it changes.
    """

    def __init__(
        self,
        customers: Iterable[Customer] = (),
        *,
        links: Iterable[Link] = (),
        claims: Iterable[Claim] = (),
        quarantine: Iterable[Quarantined] = (),
        shared: Iterable[IdentifierKey] = (),
        denials: Denials | None = None,
        is_whole: bool = True,
        rules_version: int = 0,
    ) -> None:
        self.is_whole = is_whole
        self.asked: AbstractSet[IdentifierKey] | None = None
        """The identifiers with whose connections it was loaded, if there may be more; else None."""
        self.shared = frozenset(shared)
        """Those of the identifiers that are contact points of a household or an account."""
        self._customers = {customer.id: customer for customer in customers}
        self._aliases = {
            merged_id: customer.id
            for customer in self._customers.values()
            for merged_id in customer.merged_ids
        }
        self._owners = {
            key: customer.id
            for customer in self._customers.values()
            for key in customer.identifiers
        }
        self._claims: defaultdict[IdentifierKey, list[Claim]] = defaultdict(list)
        for claim in claims:
            self._claims[claim.key].append(claim)
        self.denials: Denials = denials or {}
        """What is denied of the identifiers that were asked for."""
        self.pending = PendingWrites(rules_version=rules_version)
        self.entries = Entries(quarantine, self.pending)
        """What was put into quarantine."""
        self.versions = Versions()
        self.evidence = Evidence(links, self.pending.evidence, self.pending.removed_links)

    @property
    def customer_ids(self) -> frozenset[UUID]:
        """The ids of the canonical customers on the roster."""
        return frozenset(self._customers)

    def owner(self, key: IdentifierKey) -> Customer | None:
        """Return the customer that holds this identifier."""
        owner_id = self._owners.get(key)
        return None if owner_id is None else self._customers[owner_id]

    def get(self, canonical_id: UUID) -> Customer:
        """Return the customer with this canonical id. Raises KeyError when it is not here."""
        return self._customers[canonical_id]

    def find(self, customer_id: UUID) -> Customer | None:
        """Return the customer that an id leads to, which may be the id of an absorbed one."""
        return self._customers.get(self._aliases.get(customer_id, customer_id))

    def claimant(self, key: IdentifierKey) -> Customer | None:
        """Return the customer who claimed this identifier first, without having it."""
        for claim in sorted(self._claims.get(key, ()), key=lambda c: (c.claimed_at, c.customer_id)):
            claimant = self.find(claim.customer_id)
            if claimant is not None:
                return claimant
        return None

    def has_claim(self, customer_id: UUID, key: IdentifierKey) -> bool:
        """Return whether the customer claims this identifier, without having it."""
        claimants = (self.find(claim.customer_id) for claim in self._claims.get(key, ()))
        return any(found is not None and found.id == customer_id for found in claimants)

    @property
    def keys(self) -> AbstractSet[IdentifierKey]:
        """The identifiers that the customers on the roster have."""
        return self._owners.keys()

    def create(
        self,
        customer_id: UUID,
        identifiers: Iterable[Identifier],
        observations: Sequence[Observation],
        *,
        now: datetime,
    ) -> Customer:
        """Add a new customer with its first identifiers and attributes, as a single change."""
        self.versions.begin(customer_id)
        survivorship = apply_observations({}, observations)
        customer = Customer(
            id=customer_id,
            version=1,
            created_at=now,
            identifiers={identifier.key: identifier for identifier in identifiers},
            attributes=survivorship.attributes,
        )
        self._put(customer)
        self.pending.created.add(customer_id)
        self._add_links(customer_id, customer.identifiers.values())
        self._keep(customer_id, survivorship.kept)
        self.pending.changes.append(CustomerCreated(customer))
        return customer

    def link(self, customer_id: UUID, identifier: Identifier) -> None:
        """Add an identifier to the customer, or raise the level of one that it has."""
        customer = self._customers[customer_id]
        after = replace(
            customer,
            version=customer.version + 1,
            identifiers={**customer.identifiers, identifier.key: identifier},
        )
        self._put(after)
        self._add_links(customer_id, (identifier,))
        self.pending.changes.append(IdentifierAdded(after, identifier))

    def unlink(
        self, customer_id: UUID, key: IdentifierKey, *, undo_of: UUID | None = None
    ) -> Identifier:
        """Take an identifier from the customer and return it."""
        customer = self._customers[customer_id]
        identifiers = dict(customer.identifiers)
        identifier = identifiers.pop(key)
        after = replace(customer, version=customer.version + 1, identifiers=identifiers)
        self._put(after)
        del self._owners[key]
        self.pending.links.pop(key, None)
        self.pending.unlinks.add(key)
        self.pending.changes.append(IdentifierRemoved(after, identifier, undo_of))
        return identifier

    def confirm(self, identifier: Identifier) -> None:
        """Keep what is new about an identifier that its customer has. Nobody is told of it."""
        customer = self._customers[self._owners[identifier.key]]
        identifiers = {**customer.identifiers, identifier.key: identifier}
        self._customers[customer.id] = replace(customer, identifiers=identifiers)
        if customer.id in self.pending.customers:
            self.pending.customers[customer.id] = self._customers[customer.id]
        self.pending.links[identifier.key] = identifier

    def claim(self, claim: Claim, identifier: Identifier, *, held_by: UUID) -> None:
        """Note that a customer claims an identifier that is another's."""
        customer = self._customers[claim.customer_id]
        after = replace(customer, version=customer.version + 1)
        self._put(after)
        self._claims[claim.key].append(claim)
        self.pending.claims[claim.key, claim.customer_id] = claim
        self.pending.changes.append(IdentifierClaimed(after, identifier, held_by, claim.expires_at))

    def quarantine(self, key: IdentifierKey, reason: DropReason, *, now: datetime) -> None:
        """Take an identifier from its customer, and let nothing be found by it."""
        owner = self.owner(key)
        if owner is None:
            return
        identifier = self.unlink(owner.id, key)
        self.entries.add(Quarantined(identifier, owner.id, reason, now))

    def decide(self, decision: Decision, *, now: datetime) -> None:
        """Keep what a person decided, and have the partition obey it."""
        version = decision.rules_version or self.pending.rules_version or None
        self.pending.decisions.append(replace(decision, rules_version=version))
        for link_id in decision.all_links:
            self.evidence.add(Link(link_id, now, now))

    def withdraw(
        self, decision: Decision, *, actor: str, reason: str, standing: Iterable[Decision]
    ) -> None:
        """End a decision. Links that another of the ``standing`` ones rests on stay."""
        others = (other for other in standing if other.id != decision.id)
        kept = {link_id for other in others for link_id in other.all_links}
        for link_id in decision.all_links:
            if link_id not in kept:
                self.evidence.remove(link_id)
        self.pending.withdrawals.append(Withdrawal(decision.id, actor, reason))

    def split(
        self,
        customer_id: UUID,
        new_id: UUID,
        identifiers: Sequence[Identifier],
        cause: SplitCause,
    ) -> None:
        """Announce that identifiers of one customer turned out to be those of a new one."""
        customer = self._customers[customer_id]
        after = replace(customer, version=customer.version + 1)
        self._put(after)
        self.pending.changes.append(CustomerSplit(after, new_id, tuple(identifiers), cause))

    def observe(
        self, customer_id: UUID, observations: Sequence[Observation], *, level: Level
    ) -> None:
        """Apply attribute values. Only a visible difference is a change and takes a version.

        ``level`` is how well the sender is proved to be this customer. Of a customer who has
        verified identifiers, a mere claim changes nothing.
        """
        customer = self._customers[customer_id]
        reported = written_after(customer.attributes, at_level(observations, level))
        if level is Level.CLAIMED and customer.has_verified_identifier:
            survivorship = keep_claims(customer.attributes, reported)
        else:
            survivorship = apply_observations(customer.attributes, reported)
        if survivorship.attributes == customer.attributes and not survivorship.kept:
            return
        after = replace(
            customer,
            version=customer.version + bool(survivorship.changed),
            attributes=survivorship.attributes,
        )
        self._put(after)
        self._keep(customer_id, survivorship.kept)
        if survivorship.changed:
            self.pending.changes.append(CustomerUpdated(after, survivorship.changed))

    def revise(self, customer_id: UUID, attributes: Attributes) -> None:
        """Replace the attributes. Only a visible difference is a change and takes a version."""
        customer = self._customers[customer_id]
        if attributes == customer.attributes:
            return
        changed = changed_names(customer.attributes, attributes)
        after = replace(customer, version=customer.version + bool(changed), attributes=attributes)
        self._put(after)
        if changed:
            self.pending.changes.append(CustomerUpdated(after, changed))

    def depart(self, departure: Departure, leaving: Mapping[UUID, Sequence[Version]]) -> None:
        """Have values that were reported for one customer be those of others, by their ids.

        ``leaving`` are the values, ``departure`` says in general which they are.
        """
        for to_id, versions in leaving.items():
            self.pending.observations += [
                (to_id, Observation(version.name, replace(version.value, is_kept=True)))
                for version in versions
                if not version.value.is_kept
            ]
        self.versions.move(leaving)
        if departure.shares:
            self.pending.departures.append(departure)

    def merge(
        self,
        survivor_id: UUID,
        absorbed_ids: Sequence[UUID],
        *,
        merge_id: UUID,
        cause: MergeCause,
        max_attributes: int | None = None,
    ) -> MergeRecord:
        """Merge customers into the survivor and redirect every id that led to them.

        Of more than ``max_attributes``, the survivor keeps those that were observed last.
        """
        survivor = self._keep_all(self._customers[survivor_id])
        absorbed = [
            self._keep_all(self._customers.pop(absorbed_id)) for absorbed_id in absorbed_ids
        ]
        after = absorb(survivor, absorbed, max_attributes=max_attributes)
        merge = MergeRecord(
            id=merge_id,
            survivor_id=survivor_id,
            absorbed_ids=tuple(sorted(set(after.merged_ids) - set(survivor.merged_ids))),
            cause=cause,
            before=(survivor, *absorbed),
        )
        self._put(after)
        self.pending.merges.append(merge)
        self.pending.changes.append(CustomersMerged(after, merge))
        for customer in absorbed:
            self._redirect(customer, merge)
        return merge

    def separate(
        self, customer_id: UUID, parts: Sequence[Part], undo: Undo, attributes: Attributes
    ) -> None:
        """Give ids of a customer back to the customers that they were, with what is theirs.

        ``attributes`` are what stays with the customer.
        """
        moved = {
            part.id: [
                self.unlink(customer_id, key, undo_of=undo.merge_id) for key in sorted(part.keys)
            ]
            for part in parts
        }
        before = self._customers[customer_id]
        gone = {gone_id for part in parts for gone_id in (part.id, *part.merged_ids)}
        merged_ids = tuple(kept for kept in before.merged_ids if kept not in gone)
        after = replace(
            before, version=before.version + 1, attributes=attributes, merged_ids=merged_ids
        )
        restored = tuple(part.restored(moved[part.id]) for part in parts)
        for customer in (after, *restored):
            self.pending.changes.append(CustomerUnmerged(customer, customer_id, restored, undo))
        self._put(after)
        for customer in restored:
            self._restore(customer)

    def _restore(self, customer: Customer) -> None:
        self._put(customer)
        self._add_links(customer.id, customer.identifiers.values())
        self._aliases.pop(customer.id, None)
        self.pending.redirects.pop(customer.id, None)
        self._aliases.update(dict.fromkeys(customer.merged_ids, customer.id))
        own_ids = (customer.id, *customer.merged_ids)
        self.pending.realiased |= dict.fromkeys(own_ids, customer.id)

    def redirect(self, absorbed: Customer, target_id: UUID, undo: Undo) -> None:
        """Announce that an absorbed customer's id leads to another one because of an undo."""
        retired = replace(absorbed, version=absorbed.version + 1)
        self.pending.customers[retired.id] = retired
        self.pending.redirects[retired.id] = target_id
        self.pending.changes.append(
            CustomerRedirected(retired, target_id, undo.merge_id, undo_of=undo.merge_id)
        )

    def _keep_all(self, customer: Customer) -> Customer:
        """Return the customer with its values kept, should a merge be undone."""
        kept = {name: replace(value, is_kept=True) for name, value in customer.attributes.items()}
        self._keep(
            customer.id,
            [
                Observation(name, kept[name])
                for name, value in customer.attributes.items()
                if not value.is_kept
            ],
        )
        return replace(customer, attributes=kept)

    def _keep(self, customer_id: UUID, observations: Sequence[Observation]) -> None:
        self.pending.observations += [(customer_id, item) for item in observations]
        self.versions.add(customer_id, observations)

    def _redirect(self, absorbed: Customer, merge: MergeRecord) -> None:
        retired = replace(absorbed, version=absorbed.version + 1)
        self.pending.customers[retired.id] = retired
        for earlier, target in self.pending.redirects.items():
            if target == retired.id:
                self.pending.redirects[earlier] = merge.survivor_id
        self.pending.redirects[retired.id] = merge.survivor_id
        aliases = (retired.id, *retired.merged_ids)
        self._aliases.update(dict.fromkeys(aliases, merge.survivor_id))
        self._owners.update(dict.fromkeys(absorbed.identifiers, merge.survivor_id))
        self.pending.changes.append(CustomerRedirected(retired, merge.survivor_id, merge.id))

    def _put(self, customer: Customer) -> None:
        self._customers[customer.id] = customer
        self.pending.customers[customer.id] = customer

    def _add_links(self, customer_id: UUID, identifiers: Iterable[Identifier]) -> None:
        for identifier in identifiers:
            self._owners[identifier.key] = customer_id
            self.pending.links[identifier.key] = identifier
            self.pending.unlinks.discard(identifier.key)
