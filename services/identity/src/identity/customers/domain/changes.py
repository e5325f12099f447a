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
class Undo:
    """Why customers that a merge made one are apart again."""

    merge_id: UUID
    merged_at: datetime
    decision_id: UUID
    cause: MergeCause


@dataclass(frozen=True, slots=True)
class SplitCause:
    """Why identifiers of one customer are another's: the engine, or a person's decision."""

    reason: str
    rule: str
    actor: str
    decision_id: UUID | None = None
    history_from: datetime | None = None
    """From when on history that carried the identifiers goes along; None if it stays."""


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
    """An identifier is no longer its customer's. ``undo_of`` is the merge that was undone."""

    customer: Customer
    identifier: Identifier
    undo_of: UUID | None = None


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
    cause: SplitCause


@dataclass(frozen=True, slots=True)
class CustomersMerged:
    """``customer`` is the survivor after the merge."""

    customer: Customer
    merge: MergeRecord


@dataclass(frozen=True, slots=True)
class CustomerRedirected:
    """The id of ``customer`` leads to another one; its last change until a merge is undone."""

    customer: Customer
    survivor_id: UUID
    merge_id: UUID
    undo_of: UUID | None = None


@dataclass(frozen=True, slots=True)
class CustomerUnmerged:
    """``customer`` is apart from others with which a merge had made it one.

    It goes on under the id that all had, ``survivor_id``, or is one of the ``restored``.
    """

    customer: Customer
    survivor_id: UUID
    restored: tuple[Customer, ...]
    undo: Undo


CustomerChange = (
    CustomerCreated
    | CustomerUpdated
    | IdentifierAdded
    | IdentifierRemoved
    | IdentifierClaimed
    | CustomerSplit
    | CustomersMerged
    | CustomerRedirected
    | CustomerUnmerged
)
