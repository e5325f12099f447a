"""The customers that one unit of work concerns, changed in memory and written once at its end."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from identity.customers.domain.attributes import Observation, survive
from identity.customers.domain.customers import Customer, combined
from identity.customers.domain.facts import (
    Cause,
    CustomerCreated,
    CustomerRedirected,
    CustomersMerged,
    CustomerUpdated,
    Fact,
    IdentifierAdded,
    Merge,
)
from identity.customers.domain.identifiers import Identifier, Key


@dataclass(slots=True)
class Changes:
    """What has to be written. Customers are in their last state, facts in their order."""

    created: set[UUID] = field(default_factory=set)
    customers: dict[UUID, Customer] = field(default_factory=dict)
    redirects: dict[UUID, UUID] = field(default_factory=dict)
    """From each customer absorbed here to the one that holds its identifiers at the end."""
    links: dict[Key, Identifier] = field(default_factory=dict)
    observations: list[tuple[UUID, Observation]] = field(default_factory=list)
    merges: list[Merge] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.customers)


class Roster:
    """Canonical customers by id and by identifier key; every change is noted in ``changes``."""

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
        self.changes = Changes()

    @property
    def customer_ids(self) -> frozenset[UUID]:
        """The canonical customers that are here now."""
        return frozenset(self._customers)

    def owner(self, key: Key) -> Customer | None:
        """Return the customer that holds this identifier."""
        owner_id = self._owners.get(key)
        return None if owner_id is None else self._customers[owner_id]

    def get(self, canonical_id: UUID) -> Customer:
        """Return a canonical customer that is known to be here."""
        return self._customers[canonical_id]

    def find(self, customer_id: UUID) -> Customer | None:
        """Return the customer that answers to any id it ever had."""
        return self._customers.get(self._aliases.get(customer_id, customer_id))

    def create(
        self,
        customer_id: UUID,
        identifiers: Iterable[Identifier],
        observations: Sequence[Observation],
        *,
        now: datetime,
    ) -> Customer:
        """Add a new customer with what is known from the start; that is one fact."""
        survival = survive({}, observations)
        customer = Customer(
            id=customer_id,
            version=1,
            created_at=now,
            identifiers={identifier.key: identifier for identifier in identifiers},
            attributes=survival.attributes,
        )
        self._keep(customer)
        self.changes.created.add(customer_id)
        self._note_links(customer_id, customer.identifiers.values())
        self.changes.observations += [(customer_id, kept) for kept in survival.kept]
        self.changes.facts.append(CustomerCreated(customer))
        return customer

    def link(self, customer_id: UUID, identifier: Identifier) -> None:
        """Give the customer an identifier, or a better proof of one that it has."""
        customer = self._customers[customer_id]
        after = replace(
            customer,
            version=customer.version + 1,
            identifiers={**customer.identifiers, identifier.key: identifier},
        )
        self._keep(after)
        self._note_links(customer_id, (identifier,))
        self.changes.facts.append(IdentifierAdded(after, identifier))

    def observe(self, customer_id: UUID, observations: Sequence[Observation]) -> None:
        """Tell attribute values; only what changes the visible customer is a fact."""
        customer = self._customers[customer_id]
        survival = survive(customer.attributes, observations)
        if survival.attributes == customer.attributes and not survival.kept:
            return
        step = 1 if survival.changed else 0
        after = replace(customer, version=customer.version + step, attributes=survival.attributes)
        self._keep(after)
        self.changes.observations += [(customer_id, kept) for kept in survival.kept]
        if survival.changed:
            self.changes.facts.append(CustomerUpdated(after, survival.changed))

    def merge(
        self, survivor_id: UUID, others: Sequence[UUID], *, merge_id: UUID, cause: Cause
    ) -> Merge:
        """Make the others part of the survivor; their ids answer with it from now on."""
        survivor = self._customers[survivor_id]
        absorbed = [self._customers.pop(other) for other in others]
        after = combined(survivor, absorbed)
        merge = Merge(
            id=merge_id,
            survivor_id=survivor_id,
            absorbed_ids=tuple(sorted(set(after.merged_ids) - set(survivor.merged_ids))),
            cause=cause,
            before=(survivor, *absorbed),
        )
        self._keep(after)
        self.changes.merges.append(merge)
        self.changes.facts.append(CustomersMerged(after, merge))
        for customer in absorbed:
            self._redirect(customer, merge)
        return merge

    def _redirect(self, absorbed: Customer, merge: Merge) -> None:
        retired = replace(absorbed, version=absorbed.version + 1)
        self.changes.customers[retired.id] = retired
        for earlier, target in self.changes.redirects.items():
            if target == retired.id:
                self.changes.redirects[earlier] = merge.survivor_id
        self.changes.redirects[retired.id] = merge.survivor_id
        aliases = (retired.id, *retired.merged_ids)
        self._aliases.update(dict.fromkeys(aliases, merge.survivor_id))
        self._owners.update(dict.fromkeys(absorbed.identifiers, merge.survivor_id))
        self.changes.facts.append(CustomerRedirected(retired, merge.survivor_id, merge.id))

    def _keep(self, customer: Customer) -> None:
        self._customers[customer.id] = customer
        self.changes.customers[customer.id] = customer

    def _note_links(self, customer_id: UUID, identifiers: Iterable[Identifier]) -> None:
        for identifier in identifiers:
            self._owners[identifier.key] = customer_id
            self.changes.links[identifier.key] = identifier
