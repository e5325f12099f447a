"""What a caller asks, and the same with its identifiers normalised."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from identity.customers.domain.attributes import AttributeValue, Json, Observation
from identity.customers.domain.identifiers import Dropped, DropReason, Identifier, Key, Presented
from identity.customers.domain.normalisation import normalise


@dataclass(frozen=True, slots=True)
class Question:
    """Who is this? With ``create`` false it is only looked up, and nothing is learnt."""

    identifiers: tuple[Presented, ...]
    attributes: Mapping[str, Json]
    create: bool
    observed_at: datetime
    source: str | None = None
    region: str | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A question whose identifiers are normalised; made before anything is locked."""

    identifiers: tuple[Identifier, ...]
    dropped: tuple[Dropped, ...]
    observations: tuple[Observation, ...]
    create: bool


def prepare(question: Question, *, now: datetime) -> Prepared:
    """Normalise a question. A sender whose clock runs ahead is not believed beyond ``now``."""
    observed_at = min(question.observed_at, now)
    usable: dict[Key, Identifier] = {}
    dropped: list[Dropped] = []
    for presented in sorted(question.identifiers, key=lambda one: (-one.level, one.value)):
        key = normalise(presented, question.region)
        if isinstance(key, DropReason):
            dropped.append(Dropped(presented, key))
            continue
        usable.setdefault(
            key, Identifier(key, presented.value, presented.level, question.source, observed_at)
        )
    observations = tuple(
        Observation(name, AttributeValue(value, question.source, observed_at, now))
        for name, value in sorted(question.attributes.items())
    )
    identifiers = tuple(sorted(usable.values(), key=lambda one: one.key))
    return Prepared(identifiers, tuple(dropped), observations, question.create)
