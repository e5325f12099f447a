"""A customer as the rules see it, and the order in which customers survive a merge."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from identifiers import IdentifierKey
from identity.customers.domain.attributes import Attributes, merge_attributes, newest
from identity.customers.domain.identifiers import Identifier, Level
from identity.customers.domain.type_rules import BUILT_IN_RULES, Rank, TypeRules


@dataclass(frozen=True, slots=True)
class CustomerLimits:
    """How many of each a customer may hold, which bounds the events that carry a whole customer.

    The rest are the limits of evidence.
    """

    max_identifiers: int = 200
    max_attributes: int = 100
    max_neighbours: int = 10
    """Identifiers of one type that may be proved together with a contact point or a device before
    it counts as shared by many; five times as many with an own number."""
    repeat_window: timedelta = timedelta(days=1)
    """How exactly the time of a repeated proof is kept, where nobody else proves the same."""
    claim_lifetime: timedelta = timedelta(days=90)
    types: TypeRules = BUILT_IN_RULES
    rules_version: int = 0
    """The version of the tenant's rules that set these limits; 0 if the service's settings did."""


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

    def survivor_rank(self, types: TypeRules) -> tuple[int, bool, datetime, UUID]:
        """Return what sorts customers that merge: the smallest survives.

        That is the one with most verified identifiers, then with more than devices, then the
        oldest, then that of the smallest id.
        """
        verified = sum(
            identifier.level is Level.VERIFIED for identifier in self.identifiers.values()
        )
        only_devices = all(types.rank(key.type) is Rank.DEVICE for key in self.identifiers)
        return (-verified, only_devices, self.created_at, self.id)


def absorb(
    survivor: Customer, absorbed: Sequence[Customer], *, max_attributes: int | None = None
) -> Customer:
    """Return the survivor after the merge, with the merge as its next version.

    Identifiers are united, and each attribute survives by itself; of more than ``max_attributes``
    those that were observed last.
    """
    identifiers = dict(survivor.identifiers)
    merged_ids = set(survivor.merged_ids)
    for customer in absorbed:
        identifiers |= customer.identifiers
        merged_ids |= {customer.id, *customer.merged_ids}
    attributes = merge_attributes(
        survivor.attributes, *(customer.attributes for customer in absorbed)
    )
    if max_attributes is not None:
        attributes = newest(attributes, max_attributes)
    return replace(
        survivor,
        version=survivor.version + 1,
        identifiers=identifiers,
        attributes=attributes,
        merged_ids=tuple(sorted(merged_ids)),
    )
