"""What a unit of work is to write, and what goes back to customers that it takes apart."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from uuid import UUID

from identifiers import IdentifierKey
from identity.customers.domain.attributes import Attributes, Observation
from identity.customers.domain.changes import (
    CustomerChange,
    CustomerRedirected,
    CustomersMerged,
    MergeRecord,
)
from identity.customers.domain.customers import Customer
from identity.customers.domain.identifiers import Identifier
from identity.customers.domain.versions import Departure
from identity.resolution.domain.decisions import Decision, Withdrawal
from identity.resolution.domain.graph.claims import Claim
from identity.resolution.domain.graph.evidence import Link, LinkId
from identity.resolution.domain.graph.quarantine import Quarantined


@dataclass(frozen=True, slots=True)
class Part:
    """What goes back to a customer that was absorbed."""

    absorbed: Customer
    """The customer as it is stored, with the version of its last event."""
    keys: frozenset[IdentifierKey]
    attributes: Attributes
    merged_ids: tuple[UUID, ...]
    """The other ids that lead to it from now on, sorted."""

    @property
    def id(self) -> UUID:
        return self.absorbed.id

    def restored(self, identifiers: Iterable[Identifier]) -> Customer:
        """Return the customer as it is again, with its next version."""
        return replace(
            self.absorbed,
            version=self.absorbed.version + 1,
            identifiers={identifier.key: identifier for identifier in identifiers},
            attributes=self.attributes,
            merged_ids=self.merged_ids,
        )


@dataclass(slots=True)
class PendingWrites:
    """What is to be written: customers in their final state, changes in order."""

    rules_version: int = 0
    """The version of the tenant's rules by which it was decided."""
    created: set[UUID] = field(default_factory=set)
    customers: dict[UUID, Customer] = field(default_factory=dict)
    redirects: dict[UUID, UUID] = field(default_factory=dict)
    """From each customer absorbed here to the customer that finally absorbs it."""
    unlinks: set[IdentifierKey] = field(default_factory=set)
    """Keys that are taken from their customers, before others are linked."""
    links: dict[IdentifierKey, Identifier] = field(default_factory=dict)
    claims: dict[tuple[IdentifierKey, UUID], Claim] = field(default_factory=dict)
    quarantined: dict[IdentifierKey, Quarantined] = field(default_factory=dict)
    recovered: set[IdentifierKey] = field(default_factory=set)
    """Keys that leave quarantine."""
    evidence: dict[LinkId, Link] = field(default_factory=dict)
    removed_links: set[LinkId] = field(default_factory=set)
    decisions: list[Decision] = field(default_factory=list)
    withdrawals: list[Withdrawal] = field(default_factory=list)
    realiased: dict[UUID, UUID] = field(default_factory=dict)
    """From ids of customers that are apart again to the customers that they lead to now."""
    observations: list[tuple[UUID, Observation]] = field(default_factory=list)
    departures: list[Departure] = field(default_factory=list)
    """Values that go to other customers, once the observations are written."""
    merges: list[MergeRecord] = field(default_factory=list)
    changes: list[CustomerChange] = field(default_factory=list)

    def __bool__(self) -> bool:
        return any(
            (
                self.customers,
                self.links,
                self.evidence,
                self.removed_links,
                self.claims,
                self.decisions,
                self.withdrawals,
                self.quarantined,
            )
        )

    @property
    def changed(self) -> frozenset[UUID]:
        """Customers of whom something else is known than before; a merge says nothing new."""
        return frozenset(
            change.customer.id
            for change in self.changes
            if not isinstance(change, CustomersMerged | CustomerRedirected)
        )


class NotLoadedError(Exception):
    """The roster lacks what a change concerns, such as what ``keys`` are connected with."""

    def __init__(self, keys: AbstractSet[IdentifierKey] = frozenset()) -> None:
        super().__init__()
        self.keys = keys
