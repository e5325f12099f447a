"""Which canonical customer each id means, from merges and undoings that arrive in any order.

A pointer says where an id leads. Of the pointers of one id that of the highest version counts. The
events on the id's own key carry the version, so neither the order of arrival nor repetition
matters. What events of other customers tell has none: it counts until the id's own event arrives.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

HEARSAY = 0
"""The version of a pointer that another customer's event tells of."""


class Moment(NamedTuple):
    """When something happened, and when identity recorded it."""

    occurred_at: datetime
    recorded_at: datetime


LONG_AGO = Moment(datetime(1970, 1, 1, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC))
"""When ids came to lead elsewhere of which only that is known."""

PointerKey = tuple[UUID, int]


@dataclass(frozen=True, slots=True)
class Pointer:
    """An id leads to ``target_id`` since a version; to itself if it is canonical again."""

    customer_id: UUID
    target_id: UUID
    at: Moment
    version: int = HEARSAY

    @property
    def key(self) -> PointerKey:
        return self.customer_id, self.version

    @property
    def rank(self) -> tuple[int, datetime, UUID]:
        """The highest of an id counts."""
        return self.version, self.at.recorded_at, self.target_id


@dataclass(frozen=True, slots=True)
class AliasPlan:
    """What to write: the canonical id of each id whose alias changes, and the pointers."""

    aliases: Mapping[UUID, UUID]
    pointers: Sequence[Pointer]


def plan_aliases(
    stored: Mapping[UUID, UUID],
    pointers: Sequence[Pointer],
    news: Sequence[Pointer],
    *,
    mentioned: Iterable[UUID] = (),
) -> AliasPlan:
    """Return what applies the pointers of ``news``, given whole clusters.

    ``stored`` are the aliases of all members of every cluster concerned, ``pointers`` all that is
    kept of those members. An alias without pointers is from before they were kept; its cluster's
    first news make a pointer of it. ``mentioned`` are ids that need an alias in any case.
    """
    before = {pointer.key: pointer for pointer in pointers}
    explained = {pointer.customer_id for pointer in pointers}
    from_before = [
        Pointer(customer_id, target_id, LONG_AGO)
        for customer_id, target_id in stored.items()
        if customer_id != target_id and customer_id not in explained
    ]
    after = dict(before)
    for pointer in (*from_before, *news):
        known = after.get(pointer.key)
        if known is None or pointer.rank > known.rank:
            after[pointer.key] = pointer
    latest: dict[UUID, Pointer] = {}
    for pointer in sorted(after.values(), key=lambda each: each.rank):
        latest[pointer.customer_id] = pointer
    ids = {*stored, *mentioned, *latest, *(pointer.target_id for pointer in latest.values())}
    canonical = {customer_id: _follow(customer_id, latest) for customer_id in ids}
    return AliasPlan(
        {i: target_id for i, target_id in canonical.items() if stored.get(i) != target_id},
        [pointer for key, pointer in after.items() if before.get(key) != pointer] if news else [],
    )


def _follow(customer_id: UUID, latest: Mapping[UUID, Pointer]) -> UUID:
    """Return where an id leads in the end.

    While events are still arriving pointers may lead in a circle; its newest one is right then.
    """
    path: list[UUID] = []
    while customer_id not in path:
        path.append(customer_id)
        pointer = latest.get(customer_id)
        if pointer is None or pointer.target_id == customer_id:
            return customer_id
        customer_id = pointer.target_id
    circle = [latest[each] for each in path[path.index(customer_id) :]]
    newest = max(circle, key=lambda each: (each.at.recorded_at, each.target_id))
    return newest.target_id
