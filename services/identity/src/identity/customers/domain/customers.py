"""A customer as the rules see it, and the order in which customers survive."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from identity.customers.domain.attributes import Attributes, combine
from identity.customers.domain.identifiers import Identifier, Key, Level


@dataclass(frozen=True, slots=True)
class Customer:
    """A canonical customer. ``version`` is the number of its last event, 0 before the first."""

    id: UUID
    version: int
    created_at: datetime
    identifiers: Mapping[Key, Identifier]
    attributes: Attributes
    merged_ids: tuple[UUID, ...] = ()
    """Every other id that answers with this customer, sorted."""

    @property
    def holds_verified(self) -> bool:
        return any(held.level is Level.VERIFIED for held in self.identifiers.values())

    @property
    def survivor_rank(self) -> tuple[int, datetime, UUID]:
        """The smallest rank survives a merge: most verified, then oldest, then smallest id."""
        verified = sum(held.level is Level.VERIFIED for held in self.identifiers.values())
        return (-verified, self.created_at, self.id)


def strong_values(identifiers: Iterable[Identifier]) -> dict[tuple[str, str], set[str]]:
    """Return the verified values that name one person each, by type and scope."""
    values: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for identifier in identifiers:
        if identifier.proves_a_person:
            values[identifier.key.type, identifier.key.scope].add(identifier.key.value)
    return dict(values)


def contradict(identifiers: Iterable[Identifier]) -> bool:
    """Say whether these identifiers prove two different people of one source."""
    return any(len(values) > 1 for values in strong_values(identifiers).values())


def combined(survivor: Customer, absorbed: Sequence[Customer]) -> Customer:
    """Return the survivor as it is once the absorbed customers are part of it.

    Identifiers are united, attributes survive each by itself; the survivor's next version is the
    merge.
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
        attributes=combine(survivor.attributes, *(customer.attributes for customer in absorbed)),
        merged_ids=tuple(sorted(merged_ids)),
    )
