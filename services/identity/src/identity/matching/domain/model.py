"""The model of a tenant: how much each agreement and disagreement weighs (Fellegi and Sunter).

Three kinds of pairs are told apart: one person, two people of one household, and strangers. What a
household shares can therefore never prove one person by itself.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property, lru_cache
from hashlib import blake2b
from math import exp, log
from operator import attrgetter
from typing import NamedTuple

from identity.matching.domain.likeness.comparison import DIFFERENT, Field, Vector, field_of
from identity.matching.domain.profiles import Profile

PRIOR_MATCHES = 0.5
"""Expected matches of one customer, before anything is learned."""
SHARED_BY_HOMES = 0.5
"""A field on which housemates agree at least so often says who lives together, not who it is."""
LEAST_PERSONAL = 1.0
"""What the other fields must add before a pair can be in the automatic band."""
BELOW_AUTO = 0.5
"""How far below that band a pair of which they add less stays, however alike the rest is."""
FEWEST_HOUSEHOLDS = 0.005
"""Pairs of housemates for each pair of one person: with fewer, a tenant's people live alone.

It takes a hundred pairs of one person to learn that there are so few.
"""
_SMALL = 1e-9
_MOST = 600.0
"""Below what ``exp`` can return."""


class Band(StrEnum):
    """What a score means."""

    AUTO = "auto"
    """The two are one person."""
    REVIEW = "review"
    """A person is to decide."""
    NO = "no"


@dataclass(frozen=True, slots=True)
class Bands:
    """The least log-odds of each band."""

    auto: float = 4.6
    """Ninety-nine of a hundred such pairs are one person."""
    review: float = -1.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one field says: its level, and its weight in natural logarithms of odds."""

    field: str
    level: str
    weight: float


@dataclass(frozen=True, slots=True)
class Score:
    """The log-odds that two profiles are one person, and what each field added."""

    log_odds: float
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Weights:
    """How often records of one person, and strangers, reach each level of a field."""

    matches: tuple[float, ...]
    strangers: tuple[float, ...]

    @classmethod
    def of(cls, known: Field) -> "Weights":
        return cls(known.matches, known.strangers)


@dataclass(frozen=True)
class Model:
    """What a tenant's data taught.

    ``population`` is the number of profiles. ``match_prior`` and ``household_prior`` are the
    shares of all pairs that are one person and one household. ``frequencies`` are how common the
    more common values of a field are, by their digests; a rarer one counts as seen once.
    """

    version: int = 0
    population: int = 1_000
    match_prior: float = PRIOR_MATCHES / 1_000
    household_prior: float = 4 * PRIOR_MATCHES / 1_000
    weights: Mapping[str, Weights] = field(default_factory=dict)
    frequencies: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    sharing: Mapping[str, float] = field(default_factory=dict)
    bands: Bands = field(default_factory=Bands)

    @classmethod
    def unlearned(cls, population: int) -> "Model":
        """Return the model before anything is learned: households are commoner than duplicates."""
        prior = PRIOR_MATCHES / population
        return cls(population=population, match_prior=prior, household_prior=4 * prior)

    def log_odds(self, vector: Vector, left: Profile, right: Profile) -> float:
        """Return the log-odds that the pair is one person rather than housemates or strangers."""
        weights = self._weigh(vector, left, right)
        others = 1.0 + self.household_prior * exp(min(weights.household, _MOST))
        log_odds = log(self.match_prior) + weights.match - log(others)
        if self._proves_nobody(weights):
            return min(log_odds, self.bands.auto - BELOW_AUTO)
        return log_odds

    def may_be_automatic(self, vector: Vector, left: Profile, right: Profile) -> bool:
        """Return whether more speaks for one person than what a household shares."""
        return not self._proves_nobody(self._weigh(vector, left, right))

    @property
    def has_households(self) -> bool:
        """Whether people live together, as far as the tenant's data tell; so it is until learned.

        Where they do not, as in a list of patients or of members, an address is nearly as good as a
        name.
        """
        return self.household_prior > FEWEST_HOUSEHOLDS * self.match_prior

    def _proves_nobody(self, weights: "_Sums") -> bool:
        return weights.personal < LEAST_PERSONAL and self.has_households

    def likelihoods(self, vector: Vector, left: Profile, right: Profile) -> tuple[float, float]:
        """Return how much likelier than for strangers the vector is for one person, or housemates.

        Both are natural logarithms.
        """
        weights = self._weigh(vector, left, right)
        return weights.match, weights.household

    def _weigh(self, vector: Vector, left: Profile, right: Profile) -> "_Sums":
        match = household = personal = 0.0
        tables = self._tables
        for name, level in vector.items():
            table = tables.get(name) or self._table(name)
            weight, shared = table.weigh(level, left, right)
            match += weight
            household += shared
            if table.is_personal:
                personal += min(weight, 0.0) if level == table.different else weight
        return _Sums(match, household, personal)

    def weigh(self, name: str, level: int, left: Profile, right: Profile) -> tuple[float, float]:
        """Return what a level adds for one person, and for two of one household."""
        table = self._tables.get(name) or self._table(name)
        return table.weigh(level, left, right)

    def score(self, vector: Vector, left: Profile, right: Profile) -> Score:
        """Return the score of two profiles with its evidence, field by field."""
        evidence = tuple(
            Evidence(name, field_of(name).levels[level], self.weigh(name, level, left, right)[0])
            for name, level in vector.items()
        )
        return Score(self.log_odds(vector, left, right), evidence)

    def band(self, log_odds: float) -> Band:
        if log_odds >= self.bands.auto:
            return Band.AUTO
        return Band.REVIEW if log_odds >= self.bands.review else Band.NO

    @cached_property
    def _tables(self) -> dict[str, "_Table"]:
        return {}

    def stranger_share(self, name: str, level: int, left: Profile, right: Profile) -> float:
        """Return how often strangers reach a level; the best one by how common the values are."""
        table = self._tables.get(name) or self._table(name)
        if level or table.read is None:
            return table.strangers[level]
        value, shares, rare = table.read(left), self.frequencies[name], 1.0 / self.population
        if isinstance(value, str):
            return shares.get(digest(value), rare)
        others = table.read(right)
        common = [shares.get(digest(each), rare) for each in value if each in others]
        return max(common, default=table.strangers[0])

    def _table(self, name: str) -> "_Table":
        known, weights = field_of(name), self.weights.get(name) or Weights.of(field_of(name))
        sharing = self.sharing.get(name, known.sharing)
        frequencies = self.frequencies.get(name)
        best = weights.matches[0]
        table = self._tables[name] = _Table(
            weights=tuple(
                weigh(match, stranger, sharing)
                for match, stranger in zip(weights.matches, weights.strangers, strict=True)
            ),
            strangers=weights.strangers,
            read=None if frequencies is None else _reader(name),
            by_value={
                value: weigh(best, share, sharing) for value, share in (frequencies or {}).items()
            },
            rare=weigh(best, 1.0 / self.population, sharing),
            is_personal=sharing < SHARED_BY_HOMES,
            different=known.levels.index(DIFFERENT),
        )
        return table


def weigh(match: float, stranger: float, sharing: float) -> tuple[float, float]:
    """Return what a level adds for one person, and for two of one household."""
    weight = log(match / stranger)
    return weight, log(1.0 - sharing + sharing * exp(weight) + _SMALL)


class _Sums(NamedTuple):
    """What the fields of a pair add up to, in natural logarithms; see ``likelihoods``."""

    match: float
    household: float
    personal: float
    """Of the match, what fields add that housemates do not share."""


@dataclass(frozen=True, slots=True)
class _Table:
    """The weights of a field: for one person, and for two of one household.

    ``by_value`` and ``rare`` replace the first level's where the value itself counts.
    """

    weights: tuple[tuple[float, float], ...]
    strangers: tuple[float, ...]
    read: "Callable[[Profile], str | tuple[str, ...]] | None"
    by_value: Mapping[str, tuple[float, float]]
    rare: tuple[float, float]
    is_personal: bool
    """Whether it says who somebody is, rather than who lives together."""
    different: int
    """The level that speaks for two people, whatever its weight was learned to be."""

    def weigh(self, level: int, left: Profile, right: Profile) -> tuple[float, float]:
        if level or self.read is None:
            return self.weights[level]
        value = self.read(left)
        if isinstance(value, str):
            return self.by_value.get(digest(value), self.rare)
        others = self.read(right)
        common = [self.by_value.get(digest(each), self.rare) for each in value if each in others]
        return min(common, default=self.weights[0])


@lru_cache(maxsize=1 << 16)
def digest(value: str) -> str:
    """Return what a model keeps in place of a value: it outlives the people that it was of."""
    return blake2b(value.encode(), digest_size=8).hexdigest()


def values_of(name: str, profile: Profile) -> tuple[str, ...]:
    """Return the values of a field whose frequencies count."""
    read = _reader(name)
    value = read(profile) if read else ""
    if not value:
        return ()
    return (value,) if isinstance(value, str) else value


def _reader(name: str) -> Callable[[Profile], str | tuple[str, ...]] | None:
    if name in _UNCOUNTED:
        return None
    return _VALUES.get(name) or (lambda profile: profile.others.get(name, ""))


_UNCOUNTED = frozenset({"middle_name", "customer_number"})
_VALUES: Mapping[str, Callable[[Profile], str | tuple[str, ...]]] = {
    "given_name": attrgetter("given"),
    "surname": attrgetter("surname"),
    "birth_date": attrgetter("birth"),
    "street": lambda profile: profile.street and f"{profile.number} {profile.street}",
    "unit": attrgetter("unit"),
    "city": attrgetter("city"),
    "postcode": attrgetter("postcode"),
    "sex": attrgetter("sex"),
    "email": attrgetter("emails"),
    "phone": attrgetter("phones"),
}
