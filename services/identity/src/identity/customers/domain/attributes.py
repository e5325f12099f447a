"""Which value of an attribute holds, however late or in whatever order the values arrive."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

Json = Any
"""Whatever JSON can say; ``None`` as the value of an attribute is an explicit clear."""


@dataclass(frozen=True, slots=True)
class AttributeValue:
    """One value that a source gave for an attribute.

    ``observed_at`` is when it was true, ``ingested_at`` when we heard of it. ``value`` is None
    when the source said that there is none: that is a value too, and differs from silence.
    """

    value: Json
    source: str | None
    observed_at: datetime
    ingested_at: datetime
    verified: bool = False


Attributes = Mapping[str, AttributeValue]


@dataclass(frozen=True, slots=True)
class Observation:
    """An attribute's value as it was told, kept whether or not it held."""

    name: str
    value: AttributeValue


@dataclass(frozen=True, slots=True)
class Survival:
    """What became of some observations: the values that hold now, and what is worth keeping."""

    attributes: Attributes
    changed: tuple[str, ...]
    """Names whose visible value is another one than before, sorted."""
    kept: tuple[Observation, ...]
    """Observations that say something new, whether they won or lost."""


def survive(held: Attributes, observations: Iterable[Observation]) -> Survival:
    """Return what holds after ``observations``: verified > newest > a fixed order of values."""
    after = dict(held)
    kept: list[Observation] = []
    for observation in observations:
        before = after.get(observation.name)
        after[observation.name] = _winner(before, observation.value)
        if before is None or not same(before.value, observation.value.value):
            kept.append(observation)
    changed = sorted(
        name for name in after if not same(_value(after.get(name)), _value(held.get(name)))
    )
    return Survival(after, tuple(changed), tuple(kept))


def combine(survivor: Attributes, *absorbed: Attributes) -> Attributes:
    """Return the attributes of customers that became one."""
    after = dict(survivor)
    for attributes in absorbed:
        for name, value in attributes.items():
            after[name] = _winner(after.get(name), value)
    return after


def visible(attributes: Attributes) -> dict[str, Json]:
    """Return name and value of what is known; what was cleared is not."""
    return {name: held.value for name, held in sorted(attributes.items()) if held.value is not None}


def same(one: Json, other: Json) -> bool:
    """Say whether two values are the same JSON; Python's ``True == 1`` is not."""
    return one is other or _canonical(one) == _canonical(other)


def _winner(held: AttributeValue | None, told: AttributeValue) -> AttributeValue:
    if held is None:
        return told
    winner = max(held, told, key=_strength)
    # Two sources that agree confirm the value; the time we first heard it stays.
    return (
        replace(winner, ingested_at=min(held.ingested_at, told.ingested_at))
        if (_strength(held) == _strength(told))
        else winner
    )


def _strength(value: AttributeValue) -> tuple[bool, datetime, str, str]:
    return (value.verified, value.observed_at, _canonical(value.value), value.source or "")


def _value(held: AttributeValue | None) -> Json:
    return None if held is None else held.value


def _canonical(value: Json) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
