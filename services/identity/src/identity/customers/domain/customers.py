"""A customer as the rules see it, and the order in which customers survive a merge."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from identifiers import IdentifierKey
from identity.customers.domain.attributes import Attributes, merge_attributes
from identity.customers.domain.identifiers import Identifier, Level


@dataclass(frozen=True, slots=True)
class CustomerLimits:
    """How many of each a customer may hold; a merge beyond that is refused.

    Both bound the size of the events that carry a whole customer.
    """

    max_identifiers: int = 200
    max_attributes: int = 100


@dataclass(frozen=True, slots=True)
class Customer:
    """A canonical customer. ``version`` is the sequence of its last event, 0 before the first."""

    id: UUID
    version: int
    created_at: datetime
    identifiers: Mapping[IdentifierKey, Identifier]
    attributes: Attributes
    merged_ids: tuple[UUID, ...] = ()
    """All other ids that lead to this customer, sorted."""

    @property
    def has_verified_identifier(self) -> bool:
        return any(identifier.level is Level.VERIFIED for identifier in self.identifiers.values())

    @property
    def survivor_rank(self) -> tuple[int, datetime, UUID]:
        """The smallest rank survives a merge: most verified, then oldest, then smallest id."""
        verified = sum(
            identifier.level is Level.VERIFIED for identifier in self.identifiers.values()
        )
        return (-verified, self.created_at, self.id)


def strong_values(identifiers: Iterable[Identifier]) -> dict[tuple[str, str], set[str]]:
    """Return the verified values that each belong to one person only, by type and scope."""
    values: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for identifier in identifiers:
        if identifier.proves_a_person:
            values[identifier.key.type, identifier.key.scope].add(identifier.key.value)
    return dict(values)


def prove_different_people(identifiers: Iterable[Identifier]) -> bool:
    """Return whether these identifiers prove two different people of one source."""
    return any(len(values) > 1 for values in strong_values(identifiers).values())


def absorb(survivor: Customer, absorbed: Sequence[Customer]) -> Customer:
    """Return the survivor after the merge, with the merge as its next version.

    Identifiers are united, and each attribute survives by itself.
    """
    identifiers = dict(survivor.identifiers)
    merged_ids = set(survivor.merged_ids)
    for customer in absorbed:
        identifiers |= customer.identifiers
        merged_ids |= {customer.id, *customer.merged_ids}
    return replace(
        survivor,
        version=survivor.version + 1,
        identifiers=identifiers,
        attributes=merge_attributes(
            survivor.attributes, *(customer.attributes for customer in absorbed)
        ),
        merged_ids=tuple(sorted(merged_ids)),
    )
