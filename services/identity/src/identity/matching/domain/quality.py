"""How good clusters of records are, compared with the truth."""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import combinations


@dataclass(frozen=True, slots=True)
class Quality:
    """Pairs of records in one cluster, compared with pairs that are one person."""

    precision: float
    recall: float
    f1: float
    true_pairs: int
    found_pairs: int
    false_pairs: int
    false_pairs_within_households: int


def measure(
    clusters: Sequence[Hashable],
    truth: Sequence[Hashable],
    households: Sequence[Hashable | None],
) -> Quality:
    """Return the quality of the clusters of records, given who and of which household each is.

    All three have one entry for each record. A record without a household is in none.
    """
    found = _pairs(Counter(clusters))
    true = _pairs(Counter(truth))
    right = _pairs(Counter(zip(clusters, truth, strict=True)))
    within = _false_within(clusters, truth, households)
    precision = right / found if found else 1.0
    recall = right / true if true else 1.0
    f1 = 2 * precision * recall / (precision + recall) if right else float(not true)
    return Quality(precision, recall, f1, true, found, found - right, within)


def largest(clusters: Sequence[Hashable]) -> int:
    """Return the number of records in the largest cluster."""
    return max(Counter(clusters).values(), default=0)


def _pairs(sizes: Counter[Hashable]) -> int:
    return sum(size * (size - 1) // 2 for size in sizes.values())


def _false_within(
    clusters: Sequence[Hashable],
    truth: Sequence[Hashable],
    households: Sequence[Hashable | None],
) -> int:
    together = Counter(
        (cluster, household, person)
        for cluster, household, person in zip(clusters, households, truth, strict=True)
        if household is not None
    )
    people: dict[tuple[Hashable, Hashable], list[int]] = {}
    for (cluster, household, _), count in together.items():
        people.setdefault((cluster, household), []).append(count)
    return sum(one * other for counts in people.values() for one, other in combinations(counts, 2))
