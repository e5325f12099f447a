"""Which canonical customer an id belongs to now, folded from merges that arrive in any order.

A merge says "these ids are one from now on, and this one speaks for them". Folding it is a union
of clusters in which the survivor's representative wins, so the order of arrival does not matter:
an earlier merge that comes late finds its ids already united.
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
    """What to write: clusters to move as a whole, and the rows of the ids that were mentioned."""

    moves: Mapping[UUID, UUID]
    """Former canonical id to the new one; every id of the cluster follows."""
    rows: Mapping[UUID, UUID]
    """Mentioned id to its canonical id, one hop."""


def plan_aliases(
    known: Mapping[UUID, UUID], merges: Sequence[Merge], *, mentioned: Iterable[UUID] = ()
) -> AliasPlan:
    """Return the rows that make ``merges`` true, given the rows of all ids they mention.

    ``known`` maps an id to its canonical id and is one hop deep; an id without a row speaks for
    itself. ``mentioned`` are ids that need a row although no merge concerns them.
    """
    parent: dict[UUID, UUID] = {}

    def root(customer_id: UUID) -> UUID:
        current = known.get(customer_id, customer_id)
        while (following := parent.get(current, current)) != current:
            current = following
        return current

    for merge in merges:
        target = root(merge.survivor_id)
        for absorbed in merge.absorbed_ids:
            if (former := root(absorbed)) != target:
                parent[former] = target
    touched = {*mentioned, *(one for merge in merges for one in merge.ids())}
    rows = {one: root(one) for one in touched}
    return AliasPlan(
        moves={former: root(former) for former in parent},
        rows=rows | {canonical: canonical for canonical in rows.values()},
    )
