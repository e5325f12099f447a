"""What rules do to customers, one by one and in sum."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from identifiers import IdentifierKey
from identity.resolution.domain.roster import Roster
from identity.rules.domain.bounds import Excess


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What happens to one customer, in numbers of identifiers unless it says otherwise.

    Those are what it had proved, without devices; of what is blocked, all.
    """

    customer_id: UUID
    exceeds: tuple[Excess, ...] = ()
    """Bounds that the customer exceeds before, without what is blocked."""
    merged_into: UUID | None = None
    """The customer that goes on; None if this one does."""
    split_into: int = 0
    """New customers that are made of its identifiers."""
    moved: int = 0
    """Those that go to other customers, old and new."""
    quarantined: int = 0
    """Those that are nobody's afterwards, because they are blocked or many share them."""
    dropped: int = 0
    """Those that are beyond what a customer may have."""
    recovered: int = 0
    """Those that leave quarantine, and are this customer's."""

    def __bool__(self) -> bool:
        counts = any(getattr(self, name) for name in NUMBERS)
        return bool(self.exceeds or self.merged_into or counts)

    def body(self) -> dict[str, Any]:
        """Return all but the id, as JSON."""
        return {
            "exceeds": [
                {
                    "bound": excess.bound,
                    "type": excess.type,
                    "allowed": excess.allowed,
                    "present": excess.present,
                }
                for excess in self.exceeds
            ],
            "merged_into": None if self.merged_into is None else str(self.merged_into),
            **{name: getattr(self, name) for name in NUMBERS},
        }


NUMBERS = ("split_into", "moved", "quarantined", "dropped", "recovered")
"""What an effect says in numbers."""
COUNTED = ("out_of_bounds", "merged", "split", "moved", "quarantined", "dropped", "recovered")
"""What a run counts: customers out of bounds, merged and split, and identifiers for the rest."""


def first_of_each(effects: Iterable[Effect]) -> list[Effect]:
    """Return the first effect on each customer: what a run comes upon again is no further one."""
    by_customer: dict[UUID, Effect] = {}
    for effect in effects:
        by_customer.setdefault(effect.customer_id, effect)
    return list(by_customer.values())


def counts_of(effects: Iterable[Effect]) -> Counter[str]:
    """Return how many customers and identifiers the effects concern, one for each customer."""
    counts: Counter[str] = Counter()
    for effect in effects:
        counts["out_of_bounds"] += bool(effect.exceeds)
        counts["merged"] += effect.merged_into is not None
        counts["split"] += effect.split_into > 0
        for name in ("moved", "quarantined", "dropped", "recovered"):
            counts[name] += getattr(effect, name)
    return counts


def effects_on(
    before: Mapping[UUID, Collection[IdentifierKey]],
    roster: Roster,
    created: Collection[UUID],
    owners: Mapping[IdentifierKey, UUID],
) -> Iterator[Effect]:
    """Yield what happened to the customers of before, who had these identifiers.

    ``owners`` are those that had the identifiers in quarantine that the rules let go of. Those that
    are a new customer's now are counted with them.
    """
    recovered: Counter[UUID] = Counter()
    for key, owner_before in owners.items():
        owner = roster.owner(key)
        if owner is not None:
            recovered[owner_before if owner.id in created else owner.id] += 1
    for customer_id, keys in sorted(before.items()):
        yield Effect(
            customer_id=customer_id,
            recovered=recovered.pop(customer_id, 0),
            **_losses(customer_id, keys, roster, created),
        )
    for customer_id, count in sorted(recovered.items()):
        yield Effect(customer_id=customer_id, recovered=count)


def _losses(
    customer_id: UUID,
    keys: Iterable[IdentifierKey],
    roster: Roster,
    created: Collection[UUID],
) -> dict[str, Any]:
    """Return where the customer and its identifiers have gone."""
    found = roster.find(customer_id)
    present_id = customer_id if found is None else found.id
    homes: set[UUID] = set()
    counts: Counter[str] = Counter()
    for key in keys:
        owner = roster.owner(key)
        if owner is None:
            counts["quarantined" if roster.entries.get(key) is not None else "dropped"] += 1
        elif owner.id != present_id:
            counts["moved"] += 1
            homes.add(owner.id)
    return {
        **counts,
        "merged_into": None if present_id == customer_id else present_id,
        "split_into": len(homes.intersection(created)),
    }
