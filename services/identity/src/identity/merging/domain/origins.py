"""Which customers the ids of one customer stood for, at the time of each merge that united them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from identifiers import IdentifierKey
from identity.customers.domain.attributes import Attributes, merge_attributes
from identity.customers.domain.changes import MergeCause
from identity.customers.domain.customers import Customer
from identity.customers.domain.type_rules import TypeRules


@dataclass(frozen=True, slots=True)
class PastMerge:
    """A merge of the log, with the customers as they were before it: the survivor, the others."""

    id: UUID
    merged_at: datetime
    absorbed_ids: tuple[UUID, ...]
    cause: MergeCause
    before: tuple[Customer, ...]

    @property
    def place(self) -> tuple[datetime, UUID]:
        """Where the merge is in the order of all."""
        return self.merged_at, self.id


@dataclass(frozen=True, slots=True)
class AbsorbedCustomer:
    """A customer as it is stored since it was absorbed, and the id that it was redirected to."""

    customer: Customer
    merged_into: UUID


class Origins:
    """The merges that made a customer what it is; those that were undone do not count."""

    def __init__(self, customer: Customer, merges: Iterable[PastMerge]) -> None:
        ordered = sorted(merges, key=lambda merge: merge.place)
        self._last: dict[UUID, UUID] = {
            image.id: merge.id
            for merge in ordered
            for image in merge.before[1:]
            if image.id in customer.merged_ids
        }
        self._in_force = [merge for merge in ordered if self.absorbed_by(merge)]

    def absorbed_by(self, merge: PastMerge) -> tuple[Customer, ...]:
        """Return the customers that this merge absorbed and that are not apart again."""
        return tuple(image for image in merge.before[1:] if self._last.get(image.id) == merge.id)

    def customers_before(self, merge: PastMerge) -> Mapping[UUID, Customer]:
        """Return what are one customer now, as the customers that they were before the merge.

        Those that were merged later are as they were before that.
        """
        customers: dict[UUID, Customer] = {}
        for later in self._in_force:
            if later.place >= merge.place:
                for image in (later.before[0], *self.absorbed_by(later)):
                    customers.setdefault(image.id, image)
        return customers

    def first_of(self, own_id: UUID) -> Customer | None:
        """Return the customer that an id stood for before its first merge; None without any."""
        images = (image for merge in self._in_force for image in merge.before)
        return next((image for image in images if image.id == own_id), None)


def anchor_of(
    customer: Customer, named_id: UUID, origins: Origins, types: TypeRules
) -> IdentifierKey | None:
    """Return the best identifier of what an id stands for, else of its customer, if there is one.

    A decision names an id, and should stay with it if the merge that made it this customer's is
    undone.
    """
    first = origins.first_of(named_id)
    own = customer.identifiers.keys() & (first.identifiers.keys() if first else ())
    candidates = own or customer.identifiers.keys()
    return min(candidates, key=lambda key: customer.identifiers[key].strength(types), default=None)


def attributes_of(customers: Sequence[Customer]) -> Attributes:
    """Return the attributes that customers have together."""
    return merge_attributes({}, *(customer.attributes for customer in customers))
