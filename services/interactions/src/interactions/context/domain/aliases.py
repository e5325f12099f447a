"""Which canonical customer each id means, folded from merges that arrive in any order.

A merge makes its ids one customer, with the survivor as the canonical one. Folding it unites
clusters under the survivor's canonical id, so the order of arrival does not matter: an earlier
merge that arrives late finds its ids united already.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Merge:
    survivor_id: UUID
    absorbed_ids: tuple[UUID, ...]

    def ids(self) -> tuple[UUID, ...]:
        return (self.survivor_id, *self.absorbed_ids)


@dataclass(frozen=True, slots=True)
class AliasPlan:
    """What to write: clusters to move as a whole, and the rows of the mentioned ids."""

    moves: Mapping[UUID, UUID]
    """Former canonical id to the new one; every id of the cluster follows."""
    rows: Mapping[UUID, UUID]
    """Mentioned id to its canonical id, one hop."""


def plan_aliases(
    stored: Mapping[UUID, UUID], merges: Sequence[Merge], *, mentioned: Iterable[UUID] = ()
) -> AliasPlan:
    """Return the rows that apply ``merges``, given the stored rows of all ids they mention.

    ``stored`` maps an id to its canonical id, one hop deep; an id without a row is canonical.
    ``mentioned`` are ids that need a row although no merge concerns them.
    """
    parent: dict[UUID, UUID] = {}

    def root(customer_id: UUID) -> UUID:
        current = stored.get(customer_id, customer_id)
        while (following := parent.get(current, current)) != current:
            current = following
        return current

    for merge in merges:
        target = root(merge.survivor_id)
        for absorbed in merge.absorbed_ids:
            if (former := root(absorbed)) != target:
                parent[former] = target
    ids = {*mentioned, *(customer_id for merge in merges for customer_id in merge.ids())}
    rows = {customer_id: root(customer_id) for customer_id in ids}
    return AliasPlan(
        moves={former: root(former) for former in parent},
        rows=rows | {canonical: canonical for canonical in rows.values()},
    )
