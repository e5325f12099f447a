"""What a resolution answers."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from common.errors import ServiceError
from identifiers import IdentifierKey
from identity.customers.domain.identifiers import (
    DroppedIdentifier,
    DropReason,
    Identifier,
    PresentedIdentifier,
)
from identity.resolution.domain.placement import Moved


class NobodyReason(StrEnum):
    """Why a request is about no customer."""

    NO_MATCH = "no_match"
    """It only looked up, and no customer has any of the identifiers."""
    NOTHING_USABLE = "nothing_usable"
    """All identifiers were dropped: whoever it is could not be found again."""
    ERASED = DropReason.ERASED
    """The customer was erased, and has not signed up again."""
    SUPPRESSED = DropReason.SUPPRESSED
    """The sender must not be processed."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """Who a request is about. Without a customer, ``reason`` says why."""

    customer_id: UUID | None
    reason: NobodyReason | None = None
    version: int | None = None
    created: bool = False
    linked: tuple[Identifier, ...] = ()
    """Identifiers that are new to the customer, or better proved than before."""
    claimed: tuple[Identifier, ...] = ()
    """Identifiers of others that the customer claims."""
    moved: tuple[Moved, ...] = ()
    """Identifiers that this request took from one customer and gave to another."""
    merged: tuple[UUID, ...] = ()
    """Ids that this request redirects to the customer."""
    split: tuple[UUID, ...] = ()
    """New customers, of identifiers that turned out to be not those of the customer they had."""
    dropped: tuple[DroppedIdentifier, ...] = ()
    quarantined: tuple[IdentifierKey, ...] = ()
    """Identifiers that this request put into quarantine."""
    conflicts: tuple[str, ...] = ()
    """Attributes of which the sender's identifier has values that cannot be one person's."""


ResolutionResult = Resolution | ServiceError


def drop(identifier: Identifier, reason: DropReason) -> DroppedIdentifier:
    """Return the identifier as the caller wrote it, with the reason."""
    presented = identifier.presented or PresentedIdentifier(
        identifier.key.type, identifier.raw, identifier.key.scope or None, identifier.level
    )
    return DroppedIdentifier(presented, reason)
