"""Decisions of persons about customers, which the partition obeys."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from identifiers import IdentifierKey
from identity.customers.domain.customers import Customer
from identity.customers.domain.type_rules import TypeRules
from identity.resolution.domain.graph.evidence import LinkId, Rule

EXPLICIT = "explicit"
"""The basis of a decision that a caller asked for, without a proposal of the engine."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Two customers are one, or are not: ``rule`` is a must-link or a cannot-link.

    Without a rule, an identifier was released from quarantine. ``keys`` are the identifiers that
    stand for the two, empty if either has none. ``basis`` is what led to the decision; its
    ``evidence`` and ``score`` are those that the person saw.
    """

    id: UUID
    rule: Rule | None
    customer_id: UUID
    other_id: UUID
    keys: tuple[IdentifierKey, ...]
    actor: str
    reason: str
    merge_id: UUID | None = None
    undo_of: UUID | None = None
    basis: str = EXPLICIT
    evidence: tuple[Mapping[str, Any], ...] = ()
    score: float | None = None
    rules_version: int | None = None
    """The tenant's rules that were in force."""
    links: tuple[LinkId, ...] = ()
    """Links that carry the decision out, besides the one between ``keys``."""

    @property
    def all_links(self) -> tuple[LinkId, ...]:
        """Every link that carries the decision out, and ends when it is withdrawn."""
        if self.rule is None or not self.keys:
            return self.links
        one, other = self.keys
        return tuple(dict.fromkeys((LinkId.of(one, other, self.rule), *self.links)))


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A decision no longer holds."""

    decision_id: UUID
    actor: str
    reason: str


def keys_of(*customers: Customer, types: TypeRules) -> tuple[IdentifierKey, ...]:
    """Return the best identifier of each customer; empty if one has none, and cannot be linked."""
    best = tuple(
        min(customer.identifiers.values(), key=lambda item: item.strength(types)).key
        for customer in customers
        if customer.identifiers
    )
    return best if len(best) == len(customers) else ()
