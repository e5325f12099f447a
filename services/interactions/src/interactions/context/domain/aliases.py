"""Which canonical customer each id means, from merges and undoings that arrive in any order.

A redirect says that an id leads to another because of a merge; an undoing names the merges by which
an id no longer leads anywhere. The aliases are computed from the redirects that hold, so neither
the order of arrival nor repetition matters.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple, Self
from uuid import UUID

NO_MERGE = UUID(int=0)
"""Stands for the merges of ids that were merged before redirects were kept."""

RedirectKey = tuple[UUID, UUID]
"""The id that leads elsewhere, and the merge because of which it does."""


class Moment(NamedTuple):
    """When something happened, and when identity recorded it."""

    occurred_at: datetime
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Redirect:
    """``customer_id`` leads to ``survivor_id`` because of a merge, unless that was undone.

    ``survivor_id`` and ``merged`` are None while only the undoing is known.
    """

    customer_id: UUID
    merge_id: UUID
    survivor_id: UUID | None = None
    merged: Moment | None = None
    undone: Moment | None = None

    @property
    def key(self) -> RedirectKey:
        return self.customer_id, self.merge_id

    @property
    def holds(self) -> bool:
        return self.survivor_id is not None and self.undone is None

    def combined_with(self, other: "Redirect") -> "Redirect":
        """Return what two events tell together about one redirect."""
        return Redirect(
            self.customer_id,
            self.merge_id,
            self.survivor_id or other.survivor_id,
            self.merged or other.merged,
            self.undone or other.undone,
        )


@dataclass(frozen=True, slots=True)
class Merge:
    """The survivor absorbs other ids."""

    merge_id: UUID
    survivor_id: UUID
    absorbed_ids: tuple[UUID, ...]
    at: Moment

    def redirects(self) -> Iterator[Redirect]:
        for absorbed_id in set(self.absorbed_ids) - {self.survivor_id}:
            yield Redirect(absorbed_id, self.merge_id, self.survivor_id, merged=self.at)

    def ids(self) -> tuple[UUID, ...]:
        return self.survivor_id, *self.absorbed_ids


@dataclass(frozen=True, slots=True)
class Undoing:
    """``restored_ids`` are one customer of its own again, whose id is ``restored_id``.

    ``merge_ids`` are the merge that is undone and all later ones that carried these ids along;
    ``restored_ids`` include ``restored_id``.
    """

    survivor_id: UUID
    restored_id: UUID
    restored_ids: tuple[UUID, ...]
    merge_ids: tuple[UUID, ...]
    at: Moment

    def redirects(self) -> Iterator[Redirect]:
        yield Redirect(self.restored_id, NO_MERGE, undone=self.at)
        for customer_id in self.restored_ids:
            for merge_id in self.merge_ids:
                yield Redirect(customer_id, merge_id, undone=self.at)

    def ids(self) -> tuple[UUID, ...]:
        return self.survivor_id, self.restored_id, *self.restored_ids


@dataclass(frozen=True, slots=True)
class AliasPlan:
    """What to write: the canonical id of each id whose alias changes, and the redirects."""

    aliases: Mapping[UUID, UUID]
    redirects: Sequence[Redirect]


def plan_aliases(
    stored: Mapping[UUID, UUID],
    redirects: Sequence[Redirect],
    changes: Sequence[Merge | Undoing],
    *,
    mentioned: Iterable[UUID] = (),
) -> AliasPlan:
    """Return what applies ``changes``, given whole clusters.

    ``stored`` are the aliases of all members of every cluster concerned, ``redirects`` all that is
    known of those members. An alias without redirects was stored before redirects were kept, and
    stays until its id is restored. ``mentioned`` are ids that need an alias in any case.
    """
    before = {redirect.key: redirect for redirect in redirects}
    explained = {i for redirect in redirects for i in (redirect.customer_id, redirect.survivor_id)}
    former = {i: target for i, target in stored.items() if i != target and i not in explained}
    after = before
    if changes:
        after = _combined(before, _redirects_from_before(former, changes[0].at))
        after = _regrouped(_combined(after, _redirects_of(changes)), changes)
        former = {}
    edges = [_Edge.of(redirect) for redirect in after.values() if redirect.holds]
    edges += [_Edge("", target, customer_id) for customer_id, target in former.items()]
    named = {redirect.customer_id for redirect in after.values()}
    canonical = _canonical_ids({*stored, *mentioned, *named}, edges)
    return AliasPlan(
        {i: target for i, target in canonical.items() if stored.get(i) != target},
        [redirect for key, redirect in after.items() if before.get(key) != redirect],
    )


def _redirects_of(changes: Iterable[Merge | Undoing]) -> Iterator[Redirect]:
    for change in changes:
        yield from change.redirects()


def _redirects_from_before(former: Mapping[UUID, UUID], at: Moment) -> Iterator[Redirect]:
    """Yield what keeps ids where they are, for when a change of their cluster is undone."""
    for customer_id, target in former.items():
        yield Redirect(customer_id, NO_MERGE, target, merged=at)


def _regrouped(
    redirects: Mapping[RedirectKey, Redirect], changes: Iterable[Merge | Undoing]
) -> dict[RedirectKey, Redirect]:
    """Return the redirects, with ids from before beside the one that they are restored with."""
    after = dict(redirects)
    for change in changes:
        if isinstance(change, Undoing):
            for customer_id in set(change.restored_ids) - {change.restored_id}:
                known = after.get((customer_id, NO_MERGE))
                if known is not None and known.survivor_id not in change.restored_ids:
                    after[known.key] = replace(known, survivor_id=change.restored_id)
    return after


def _combined(
    before: Mapping[RedirectKey, Redirect], new: Iterable[Redirect]
) -> dict[RedirectKey, Redirect]:
    after = dict(before)
    for redirect in new:
        known = after.get(redirect.key)
        after[redirect.key] = redirect if known is None else known.combined_with(redirect)
    return after


class _Edge(NamedTuple):
    """That one id leads to another; ``recorded_at`` is empty if the time is unknown."""

    recorded_at: str
    target_id: UUID
    origin_id: UUID

    @classmethod
    def of(cls, redirect: Redirect) -> Self:
        if redirect.survivor_id is None:
            raise ValueError("a redirect without a survivor leads nowhere")
        merged = redirect.merged
        at = "" if merged is None else merged.recorded_at.isoformat()
        return cls(at, redirect.survivor_id, redirect.customer_id)


def _canonical_ids(ids: Iterable[UUID], edges: Sequence[_Edge]) -> dict[UUID, UUID]:
    """Return for each id the one that it leads to in the end."""
    clusters = _clusters(ids, edges)
    leaving = {edge.origin_id for edge in edges}
    latest = {clusters[edge.origin_id]: edge.target_id for edge in sorted(edges)}
    members: defaultdict[UUID, list[UUID]] = defaultdict(list)
    for customer_id, cluster in clusters.items():
        members[cluster].append(customer_id)
    canonical: dict[UUID, UUID] = {}
    for cluster, of_cluster in members.items():
        staying = [customer_id for customer_id in of_cluster if customer_id not in leaving]
        # While the events of a chain are still arriving, there may be several, or none.
        root = staying[0] if len(staying) == 1 else latest[cluster]
        canonical |= dict.fromkeys(of_cluster, root)
    return canonical


def _clusters(ids: Iterable[UUID], edges: Sequence[_Edge]) -> dict[UUID, UUID]:
    """Return for each id one that stands for everything that edges connect it with."""
    parent: dict[UUID, UUID] = {}

    def top(customer_id: UUID) -> UUID:
        while (above := parent.get(customer_id, customer_id)) != customer_id:
            parent[customer_id] = parent.get(above, above)
            customer_id = above
        return customer_id

    for edge in edges:
        low, high = sorted((top(edge.origin_id), top(edge.target_id)))
        if low != high:
            parent[high] = low
    every = {*ids, *(edge.target_id for edge in edges)}
    return {customer_id: top(customer_id) for customer_id in sorted(every)}
