"""What every decision of a person rests on, and what comes of it."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from uuid import UUID

from common.errors import ErrorCode, FieldError, NotFoundError
from identifiers import IdentifierKey
from identity.customers.domain.attributes import Attributes
from identity.customers.domain.changes import Undo
from identity.customers.domain.customers import Customer
from identity.customers.domain.identifiers import Identifier
from identity.merging.domain.origins import AbsorbedCustomer, PastMerge
from identity.merging.domain.separation import Separation, Sides
from identity.resolution.domain.components import Component, component_of
from identity.resolution.domain.context import Context
from identity.resolution.domain.decisions import Decision
from identity.resolution.domain.departures import Leave, follow
from identity.resolution.domain.graph.partition import Partition, divide
from identity.resolution.domain.placement import Placement, place
from identity.resolution.domain.roster import Part, Roster


@dataclass(frozen=True, slots=True)
class Decider:
    """Who decides, and why."""

    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class Past:
    """What happened so far to the customers that a decision is about."""

    merges: Sequence[PastMerge] = ()
    """Those whose survivor is among their ids, in any order."""
    absorbed: Mapping[UUID, AbsorbedCustomer] = field(default_factory=dict)
    standing: Sequence[Decision] = ()
    """The decisions about their ids that were not withdrawn."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a decision changed; ``decision_ids`` is empty if it was not needed."""

    decision_ids: tuple[UUID, ...] = ()
    customers: tuple[Customer, ...] = ()
    """The customers concerned as they are now, the one that goes on first."""
    restored_ids: tuple[UUID, ...] = ()
    created_ids: tuple[UUID, ...] = ()
    withdrawn_ids: tuple[UUID, ...] = ()
    """Earlier decisions that no longer hold."""

    @property
    def is_change(self) -> bool:
        return bool(self.decision_ids or self.withdrawn_ids)


@dataclass(frozen=True, slots=True)
class Situation:
    """What a person decides on. The roster holds all that the customers are connected with."""

    roster: Roster
    past: Past
    decider: Decider
    context: Context

    def find_customer(self, customer_id: UUID, pointer: str | None = None) -> Customer:
        """Return the customer that an id leads to. Raises NotFoundError for an id never issued."""
        customer = self.roster.find(customer_id)
        if customer is None:
            error = FieldError(pointer or "", ErrorCode.NOT_FOUND, "no customer has this id")
            raise NotFoundError("there is no such customer", errors=[error] if pointer else ())
        return customer

    def component(self, *customers: Customer) -> Component:
        """Return what the proved identifiers of customers are connected with."""
        return component_of(self.roster, _proved(customers), self.context.limits.types)

    def withdraw(self, decision: Decision) -> None:
        """End an earlier decision, which is contrary to this one."""
        decider = self.decider
        self.roster.withdraw(
            decision, actor=decider.actor, reason=decider.reason, standing=self.past.standing
        )

    def separation(self, *customers: Customer, sides: Sides, is_whole: bool = False) -> Separation:
        """Return the question of what keeps sides of the customers' identifiers apart."""
        return Separation(
            {key: item for each in customers for key, item in each.identifiers.items()},
            self.component(*customers),
            sides,
            self.context.limits,
            self.roster.entries.released,
            self.roster.shared,
            is_whole,
        )

    def divide(self, component: Component) -> Partition:
        """Return which identifiers of the component are one person's."""
        return divide(
            component.identifiers,
            component.links,
            self.context.limits,
            released=self.roster.entries.released,
            shared=self.roster.shared,
        )

    def separate(
        self, customer_id: UUID, parts: Sequence[Part], undo: Undo, attributes: Attributes
    ) -> None:
        """Give ids of a customer back to the customers that they were, with what is theirs.

        ``attributes`` are what stays with the customer, but for what the identifiers that go
        carried since the merge.
        """
        self.roster.separate(customer_id, parts, undo, attributes)
        leaves = {key: Leave(part.id) for part in parts for key in part.keys}
        limit = self.context.limits.max_attributes
        follow(self.roster, customer_id, leaves, max_attributes=limit)

    def settle(self, *customers: Customer, restored: AbstractSet[UUID] = frozenset()) -> Placement:
        """Bring what these customers are connected with into line with the evidence.

        If the evidence unites a ``restored`` one with another customer, its id goes on.
        """
        return place(
            self.roster,
            _proved(customers),
            None,
            self.context,
            preferred=restored,
        )

    def decide(self, decision: Decision) -> UUID:
        """Keep the decision and return its id."""
        self.roster.decide(decision, now=self.context.now)
        return decision.id

    def present(self, ids: Iterable[UUID]) -> tuple[Customer, ...]:
        """Return the customers that ids lead to now, each once."""
        customers = (self.roster.find(each) for each in ids)
        return tuple({each.id: each for each in customers if each is not None}.values())


def _proved(customers: Iterable[Customer]) -> dict[IdentifierKey, Identifier]:
    return {
        identifier.key: identifier
        for customer in customers
        for identifier in customer.identifiers.values()
        if identifier.is_proved
    }
