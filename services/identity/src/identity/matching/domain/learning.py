"""Learns a tenant's weights without labels (expectation-maximisation), and from decisions."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp, log

from identity.matching.domain.likeness.comparison import NAMED, Field, compare, field_of
from identity.matching.domain.model import Bands, Model, Weights, digest, values_of, weigh
from identity.matching.domain.profiles import Profile

ROUNDS = 8
PRECISION_TARGET = 0.99
"""The share of the pairs in the automatic band that are to be one person."""
LEAST_AUTO = log(3.0)
"""No pair in that band is likelier than one in four to be two people."""
LEAST_MATCHES = LEAST_HOUSEHOLDS = 0.5
"""Pairs of each kind that there may be although none was seen."""
PSEUDO_MATCHES = 20.0
"""How many matches the weights before learning count as."""
PSEUDO_STRANGERS = 200.0
MAX_VALUES = 5_000
"""Common values that a model keeps of each field."""
_PERSONAL_SHARE = 0.5
"""An attribute of which so many values differ tells people apart; others tell groups apart."""
_PERSONAL_SHARING = 0.02
_LEAST = 1e-5


@dataclass(frozen=True, slots=True)
class Pair:
    """Two profiles. ``is_match`` is what a person decided, None if nobody has."""

    left: Profile
    right: Profile
    is_match: bool | None = None


def learn(
    profiles: Sequence[Profile],
    candidates: Sequence[Pair],
    strangers: Iterable[Pair],
    *,
    chosen_from: float,
    population: int,
    version: int,
) -> Model:
    """Return the model of a tenant with ``population`` profiles, of which ``profiles`` is a sample.

    ``candidates`` are pairs that blocking chose from ``chosen_from`` pairs, ``strangers`` pairs at
    random, nearly all of them of two people.
    """
    fields = _fields(profiles)
    frequencies, sharing = _frequencies(profiles, fields)
    chances = _strangers(strangers, fields)
    model = Model(
        version=version,
        population=max(population, 2),
        match_prior=0.1 / max(population, 2),
        household_prior=0.4 / max(population, 2),
        weights={name: Weights(known.matches, chances[name]) for name, known in fields.items()},
        frequencies=frequencies,
        sharing=sharing,
    )
    compared = [(pair, compare(pair.left, pair.right)) for pair in candidates]
    sample = _Sample(model, compared)
    for _ in range(ROUNDS):
        model = _improve(model, sample, fields, chosen_from)
    odds = (
        model.log_odds(vector, pair.left, pair.right)
        for pair, vector in compared
        if model.may_be_automatic(vector, pair.left, pair.right)
    )
    return replace(model, bands=choose_bands(odds))


def choose_bands(log_odds: Iterable[float], target: float = PRECISION_TARGET) -> Bands:
    """Return the widest automatic band whose pairs are expected to meet the precision target.

    No pair is in it that is likelier to be two people.
    """
    auto, right = log(target / (1.0 - target)), 0.0
    for count, odds in enumerate(sorted(log_odds, reverse=True), start=1):
        right += 1.0 / (1.0 + exp(-odds))
        if right < target * count:
            return Bands(auto=max(auto, LEAST_AUTO))
        auto = min(auto, odds)
    return Bands(auto=LEAST_AUTO)


class _Sample:
    """Pairs, each with its cells: a field's level, and how often strangers reach it.

    Few cells are distinct, and only they are weighed anew in each round.
    """

    def __init__(self, model: Model, compared: Iterable[tuple[Pair, Mapping[str, int]]]) -> None:
        numbers: dict[tuple[str, int, float], int] = {}
        self.pairs: list[tuple[bool | None, list[int]]] = []
        for pair, vector in compared:
            cells = [
                (name, level, model.stranger_share(name, level, pair.left, pair.right))
                for name, level in vector.items()
            ]
            own = [numbers.setdefault(cell, len(numbers)) for cell in cells]
            self.pairs.append((pair.is_match, own))
        self.cells = list(numbers)

    def posteriors(self, model: Model) -> Iterator[tuple[float, float, Sequence[int]]]:
        """Yield how likely each pair is one person, and housemates; and its cells."""
        sharing = {name: model.sharing.get(name, field_of(name).sharing) for name in model.weights}
        weights = [
            weigh(model.weights[name].matches[level], share, sharing[name])
            for name, level, share in self.cells
        ]
        matches, households = [each[0] for each in weights], [each[1] for each in weights]
        match_prior, household_prior = log(model.match_prior), log(model.household_prior)
        for is_match, cells in self.pairs:
            if is_match is not None:
                yield float(is_match), 0.0, cells
                continue
            match, household = match_prior, household_prior
            for cell in cells:
                match += matches[cell]
                household += households[cell]
            top = max(match, household, 0.0)
            parts = exp(match - top), exp(household - top), exp(-top)
            whole = sum(parts)
            yield parts[0] / whole, parts[1] / whole, cells


def _improve(
    model: Model, sample: _Sample, fields: Mapping[str, Field], chosen_from: float
) -> Model:
    """Return the model after one round: how likely is each pair a match, and what follows."""
    matches = households = 0.0
    counts = [0.0] * len(sample.cells)
    for match, household, cells in sample.posteriors(model):
        matches += match
        households += household
        if match > _LEAST:
            for cell in cells:
                counts[cell] += match
    levels = {
        name: [PSEUDO_MATCHES * share for share in known.matches] for name, known in fields.items()
    }
    for (name, level, _), count in zip(sample.cells, counts, strict=True):
        levels[name][level] += count
    match_prior = max(matches, LEAST_MATCHES) / max(chosen_from, matches, 1.0)
    return replace(
        model,
        match_prior=match_prior,
        household_prior=max(households, LEAST_HOUSEHOLDS) / max(chosen_from, households, 1.0),
        weights={
            name: Weights(_shares(levels[name]), model.weights[name].strangers) for name in fields
        },
    )


def _shares(counts: Sequence[float]) -> tuple[float, ...]:
    whole = sum(counts)
    return tuple(max(count / whole, _LEAST) for count in counts)


def _fields(profiles: Iterable[Profile]) -> dict[str, Field]:
    names = {name for profile in profiles for name in profile.others}
    return dict(NAMED) | {name: field_of(name) for name in sorted(names) if name not in NAMED}


def _frequencies(
    profiles: Sequence[Profile], fields: Mapping[str, Field]
) -> tuple[dict[str, dict[str, float]], dict[str, float]]:
    """Return how common the values of each field are, and how personal other attributes are."""
    frequencies: dict[str, dict[str, float]] = {}
    sharing: dict[str, float] = {}
    for name in fields:
        counts = Counter(value for profile in profiles for value in values_of(name, profile))
        total = counts.total()
        if not total:
            continue
        frequencies[name] = {
            digest(value): count / total
            for value, count in counts.most_common(MAX_VALUES)
            if count > 1
        }
        if name not in NAMED and len(counts) >= _PERSONAL_SHARE * total:
            sharing[name] = _PERSONAL_SHARING
    return frequencies, sharing


def _strangers(
    strangers: Iterable[Pair], fields: Mapping[str, Field]
) -> dict[str, tuple[float, ...]]:
    """Return how often two people reach each level of each field."""
    counts = {
        name: [PSEUDO_STRANGERS * share for share in known.strangers]
        for name, known in fields.items()
    }
    for pair in strangers:
        for name, level in compare(pair.left, pair.right).items():
            counts[name][level] += 1
    return {name: _shares(each) for name, each in counts.items()}
