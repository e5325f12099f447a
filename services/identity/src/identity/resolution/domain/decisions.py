"""Decisions of persons about two customers, which the partition obeys."""

from dataclasses import dataclass
from uuid import UUID

from identifiers import IdentifierKey
from identity.customers.domain.customers import Customer
from identity.customers.domain.type_rules import TypeRules
from identity.resolution.domain.graph.evidence import Rule


@dataclass(frozen=True, slots=True)
class Decision:
    """Two customers are one, or are not: ``rule`` is a must-link or a cannot-link.

    ``keys`` are the identifiers that stand for the two, empty if either has none.
    """

    id: UUID
    rule: Rule
    customer_id: UUID
    other_id: UUID
    keys: tuple[IdentifierKey, ...]
    actor: str
    reason: str
    merge_id: UUID | None = None
    undo_of: UUID | None = None


def keys_of(*customers: Customer, types: TypeRules) -> tuple[IdentifierKey, ...]:
    """Return the best identifier of each customer; empty if one has none, and cannot be linked."""
    best = tuple(
        min(customer.identifiers.values(), key=lambda item: item.strength(types)).key
        for customer in customers
        if customer.identifiers
    )
    return best if len(best) == len(customers) else ()
