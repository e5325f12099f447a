"""What happened to customers, in order: each fact takes its customer's next version."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from identity.customers.domain.customers import Customer
from identity.customers.domain.identifiers import Identifier


@dataclass(frozen=True, slots=True)
class Cause:
    """Why customers were merged: the rule and its evidence, or a person and her reason."""

    reason: str
    rule: str
    actor: str
    evidence: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Merge:
    """One merge with everything needed to take it back exactly."""

    id: UUID
    survivor_id: UUID
    absorbed_ids: tuple[UUID, ...]
    """Every id that answers with the survivor now and did not before, sorted."""
    cause: Cause
    before: tuple[Customer, ...]
    """The survivor and the absorbed customers as they were, survivor first."""


@dataclass(frozen=True, slots=True)
class CustomerCreated:
    customer: Customer


@dataclass(frozen=True, slots=True)
class CustomerUpdated:
    customer: Customer
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IdentifierAdded:
    """An identifier is new to its customer, or better proved than before."""

    customer: Customer
    identifier: Identifier


@dataclass(frozen=True, slots=True)
class CustomersMerged:
    """``customer`` is the survivor after the merge."""

    customer: Customer
    merge: Merge


@dataclass(frozen=True, slots=True)
class CustomerRedirected:
    """``customer`` was absorbed; this is the last fact of its own."""

    customer: Customer
    survivor_id: UUID
    merge_id: UUID


Fact = CustomerCreated | CustomerUpdated | IdentifierAdded | CustomersMerged | CustomerRedirected
