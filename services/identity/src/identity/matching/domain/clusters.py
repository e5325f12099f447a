"""Decides which customers are one person: on the customer that would result, not on pairs alone."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import product
from uuid import UUID

from identity.matching.domain.likeness.comparison import compare, has_other_number, is_contradiction
from identity.matching.domain.model import Model
from identity.matching.domain.profiles import Profile

MAX_PROFILES = 40
"""A customer of more profiles is no person that a machine may put together."""
_SUPPORT = 0.5
"""The share of pairs between two customers that must at least be fit for a review."""


class Refusal(StrEnum):
    """Why two customers stay apart although a pair of their profiles is in the automatic band."""

    KEPT_APART = "kept_apart"
    """A person decided so of two of their profiles."""
    TOO_LARGE = "too_large"
    CONTRADICTION = "contradiction"
    """Verified customer numbers are of two people, or first names and birth dates are.

    What the latter say is the model's: where no households are, both may be wrong.
    """
    WEAK = "weak"
    """Most of their profiles are unlike: a chain of likenesses leads from one to the other."""


@dataclass(frozen=True, slots=True)
class Edge:
    """Two profiles, by their customers' ids, and how likely they are one person."""

    left: UUID
    right: UUID
    log_odds: float

    @property
    def pair(self) -> tuple[UUID, UUID]:
        return self.left, self.right


@dataclass(slots=True)
class Decision:
    """The unions in the order in which they were decided, and the edges that were refused."""

    unions: list[Edge] = field(default_factory=list)
    refused: dict[tuple[UUID, UUID], Refusal] = field(default_factory=dict)


class Partition:
    """Profiles in clusters, each cluster one customer."""

    def __init__(self, clusters: Iterable[Iterable[UUID]]) -> None:
        self._members: dict[UUID, list[UUID]] = {}
        for cluster in clusters:
            members = sorted(cluster)
            self._members |= dict.fromkeys(members, members)

    def members(self, profile_id: UUID) -> list[UUID]:
        """Return all profiles of the customer that has this one."""
        return self._members.get(profile_id) or [profile_id]

    def join(self, left: UUID, right: UUID) -> None:
        members = [*self.members(left), *self.members(right)]
        self._members |= dict.fromkeys(members, members)


def decide(
    edges: Iterable[Edge],
    partition: Partition,
    profiles: Mapping[UUID, Profile],
    model: Model,
    are_apart: Callable[[UUID, UUID], bool] = lambda _left, _right: False,
) -> Decision:
    """Join what may be one, the likeliest first; the partition is changed.

    ``are_apart`` tells of two profiles whether a person decided that they are two people. The order
    of the edges makes no difference.
    """
    decision = Decision()
    for edge in sorted(edges, key=lambda each: (-each.log_odds, each.pair)):
        lefts, rights = partition.members(edge.left), partition.members(edge.right)
        if edge.right in lefts:
            continue
        refusal = _refusal(lefts, rights, profiles, model, are_apart)
        if refusal is not None:
            decision.refused[edge.pair] = refusal
            continue
        partition.join(edge.left, edge.right)
        decision.unions.append(edge)
    return decision


def _refusal(
    lefts: list[UUID],
    rights: list[UUID],
    profiles: Mapping[UUID, Profile],
    model: Model,
    are_apart: Callable[[UUID, UUID], bool],
) -> Refusal | None:
    if any(are_apart(left, right) for left, right in product(lefts, rights)):
        return Refusal.KEPT_APART
    if len(lefts) + len(rights) > MAX_PROFILES:
        return Refusal.TOO_LARGE
    pairs = [
        (profiles[left], profiles[right])
        for left, right in product(lefts, rights)
        if left in profiles and right in profiles
    ]
    fitting = 0
    for left, right in pairs:
        vector = compare(left, right)
        log_odds = model.log_odds(vector, left, right)
        if has_other_number(vector):
            return Refusal.CONTRADICTION
        if is_contradiction(vector) and log_odds < model.bands.review:
            return Refusal.CONTRADICTION
        fitting += log_odds >= model.bands.review
    return Refusal.WEAK if fitting < _SUPPORT * len(pairs) else None
