"""Changes to customers, in order: each change takes its customer's next version.

``identity.events`` turns them into the events that are published.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from identity.customers.domain.customers import Customer
from identity.customers.domain.identifiers import Identifier


@dataclass(frozen=True, slots=True)
class MergeCause:
    """Why customers were merged: a rule and its evidence, or a person and their reason."""

    reason: str
    rule: str
    actor: str
    evidence: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class MergeRecord:
    """One merge, with everything needed to undo it exactly."""

    id: UUID
    survivor_id: UUID
    absorbed_ids: tuple[UUID, ...]
    """Every id that this merge redirects to the survivor, sorted."""
    cause: MergeCause
    before: tuple[Customer, ...]
    """Before-images: the survivor, then the absorbed customers."""


@dataclass(frozen=True, slots=True)
class CustomerCreated:
    customer: Customer


@dataclass(frozen=True, slots=True)
class CustomerUpdated:
    """The visible value of some attributes has changed."""

    customer: Customer
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IdentifierAdded:
    """An identifier is new to its customer, or better proved than before."""

    customer: Customer
    identifier: Identifier


@dataclass(frozen=True, slots=True)
class IdentifierRemoved:
    """An identifier is no longer its customer's."""

    customer: Customer
    identifier: Identifier


@dataclass(frozen=True, slots=True)
class IdentifierClaimed:
    """A customer claims an identifier of the customer ``held_by``."""

    customer: Customer
    identifier: Identifier
    held_by: UUID
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class CustomerSplit:
    """Evidence shows that some identifiers of ``customer`` are those of another, new customer."""

    customer: Customer
    new_id: UUID
    identifiers: tuple[Identifier, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class CustomersMerged:
    """``customer`` is the survivor after the merge."""

    customer: Customer
    merge: MergeRecord


@dataclass(frozen=True, slots=True)
class CustomerRedirected:
    """``customer`` was absorbed; this is its last change."""

    customer: Customer
    survivor_id: UUID
    merge_id: UUID


CustomerChange = (
    CustomerCreated
    | CustomerUpdated
    | IdentifierAdded
    | IdentifierRemoved
    | IdentifierClaimed
    | CustomerSplit
    | CustomersMerged
    | CustomerRedirected
)
