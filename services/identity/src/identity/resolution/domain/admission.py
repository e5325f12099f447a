"""Decides which identifiers of a request its customer gains."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from identifiers import IdentifierKey
from identity.customers.domain.customers import CustomerLimits, prove_different_people
from identity.customers.domain.identifiers import (
    DroppedIdentifier,
    DropReason,
    Identifier,
    PresentedIdentifier,
)


@dataclass(frozen=True, slots=True)
class Admission:
    """The identifiers that a customer gains, or gets better proved, and those it may not."""

    admitted: tuple[Identifier, ...]
    refused: tuple[DroppedIdentifier, ...]


def admit(
    current: Mapping[IdentifierKey, Identifier],
    offered: Iterable[Identifier],
    limits: CustomerLimits,
) -> Admission:
    """Return what a customer with the ``current`` identifiers gains from ``offered``.

    The best proved come first, so that a customer near its limit keeps those.
    """
    after = dict(current)
    admitted: list[Identifier] = []
    refused: list[DroppedIdentifier] = []
    for identifier in sorted(offered, key=lambda offer: (-offer.level, offer.key)):
        previous = after.get(identifier.key)
        if previous is not None and previous.level >= identifier.level:
            continue
        better = identifier if previous is None else replace(previous, level=identifier.level)
        reason = _reason_against(after, better, limits)
        if reason is not None:
            refused.append(drop(identifier, reason))
            continue
        after[better.key] = better
        admitted.append(better)
    return Admission(tuple(admitted), tuple(refused))


def drop(identifier: Identifier, reason: DropReason) -> DroppedIdentifier:
    """Return the identifier as the caller wrote it, with the reason."""
    presented = identifier.presented or PresentedIdentifier(
        identifier.key.type, identifier.raw, identifier.key.scope or None, identifier.level
    )
    return DroppedIdentifier(presented, reason)


def _reason_against(
    current: Mapping[IdentifierKey, Identifier], better: Identifier, limits: CustomerLimits
) -> DropReason | None:
    if better.proves_a_person and prove_different_people([*current.values(), better]):
        return DropReason.CONFLICTING_STRONG_IDENTIFIERS
    if better.key not in current and len(current) >= limits.max_identifiers:
        return DropReason.TOO_MANY_IDENTIFIERS
    return None
