"""The customers of one unit of work, loaded once, changed in memory and written at its end."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from identifiers import IdentifierKey
from identity.customers.domain.attributes import Observation, apply_observations
from identity.customers.domain.changes import (
    CustomerChange,
    CustomerCreated,
    CustomerRedirected,
    CustomersMerged,
    CustomerUpdated,
    IdentifierAdded,
    IdentifierRemoved,
    MergeCause,
    MergeRecord,
)
from identity.customers.domain.customers import Customer, absorb
from identity.customers.domain.identifiers import Identifier


@dataclass(slots=True)
class PendingWrites:
    """What is to be written: customers in their final state, changes in order."""

    created: set[UUID] = field(default_factory=set)
    customers: dict[UUID, Customer] = field(default_factory=dict)
    redirects: dict[UUID, UUID] = field(default_factory=dict)
    """From each customer absorbed here to the customer that finally absorbs it."""
    unlinks: set[IdentifierKey] = field(default_factory=set)
    """Keys that are taken from their customers, before others are linked."""
    links: dict[IdentifierKey, Identifier] = field(default_factory=dict)
    observations: list[tuple[UUID, Observation]] = field(default_factory=list)
    merges: list[MergeRecord] = field(default_factory=list)
    changes: list[CustomerChange] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.customers)


class Roster:
    """Canonical customers by id and by identifier key. ``pending`` collects every change."""

    def __init__(self, customers: Iterable[Customer] = ()) -> None:
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
        self.pending = PendingWrites()

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

    def create(
        self,
        customer_id: UUID,
        identifiers: Iterable[Identifier],
        observations: Sequence[Observation],
        *,
        now: datetime,
    ) -> Customer:
        """Add a new customer with its first identifiers and attributes, as a single change."""
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
        self.pending.observations += [
            (customer_id, observation) for observation in survivorship.kept
        ]
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

    def unlink(self, customer_id: UUID, key: IdentifierKey) -> Identifier:
        """Take an identifier from the customer and return it."""
        customer = self._customers[customer_id]
        identifiers = dict(customer.identifiers)
        identifier = identifiers.pop(key)
        after = replace(customer, version=customer.version + 1, identifiers=identifiers)
        self._put(after)
        del self._owners[key]
        self.pending.links.pop(key, None)
        self.pending.unlinks.add(key)
        self.pending.changes.append(IdentifierRemoved(after, identifier))
        return identifier

    def observe(self, customer_id: UUID, observations: Sequence[Observation]) -> None:
        """Apply attribute values. Only a visible difference is a change and takes a version."""
        customer = self._customers[customer_id]
        survivorship = apply_observations(customer.attributes, observations)
        if survivorship.attributes == customer.attributes and not survivorship.kept:
            return
        after = replace(
            customer,
            version=customer.version + bool(survivorship.changed),
            attributes=survivorship.attributes,
        )
        self._put(after)
        self.pending.observations += [
            (customer_id, observation) for observation in survivorship.kept
        ]
        if survivorship.changed:
            self.pending.changes.append(CustomerUpdated(after, survivorship.changed))

    def merge(
        self, survivor_id: UUID, absorbed_ids: Sequence[UUID], *, merge_id: UUID, cause: MergeCause
    ) -> MergeRecord:
        """Merge customers into the survivor and redirect every id that led to them."""
        survivor = self._customers[survivor_id]
        absorbed = [self._customers.pop(absorbed_id) for absorbed_id in absorbed_ids]
        after = absorb(survivor, absorbed)
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
