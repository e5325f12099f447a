"""Attributes and their survivorship: which value counts, in whatever order the values arrive."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

Json = Any
"""Any JSON value. As the value of an attribute, ``None`` clears it explicitly."""


@dataclass(frozen=True, slots=True)
class AttributeValue:
    """One value that a source gave for an attribute, with its provenance.

    ``observed_at`` is when the value was true, ``ingested_at`` when identity received it. A
    ``value`` of None says that the attribute has no value, which differs from saying nothing.
    """

    value: Json
    source: str | None
    observed_at: datetime
    ingested_at: datetime
    verified: bool = False


Attributes = Mapping[str, AttributeValue]


@dataclass(frozen=True, slots=True)
class Observation:
    """An attribute's value as a source reported it, whether or not it counts."""

    name: str
    value: AttributeValue


@dataclass(frozen=True, slots=True)
class Survivorship:
    """The attributes after some observations, and the observations to keep."""

    attributes: Attributes
    changed: tuple[str, ...]
    """Names whose visible value has changed, sorted."""
    kept: tuple[Observation, ...]
    """Observations that said something new, whether they won or lost."""


def apply_observations(current: Attributes, observations: Iterable[Observation]) -> Survivorship:
    """Return what counts after ``observations``: verified, then newest, then a fixed order."""
    after = dict(current)
    kept: list[Observation] = []
    for observation in observations:
        before = after.get(observation.name)
        after[observation.name] = _winner(before, observation.value)
        if before is None or not is_same_json(before.value, observation.value.value):
            kept.append(observation)
    changed = sorted(
        name
        for name in after
        if not is_same_json(_value_or_none(after.get(name)), _value_or_none(current.get(name)))
    )
    return Survivorship(after, tuple(changed), tuple(kept))


def merge_attributes(survivor: Attributes, *absorbed: Attributes) -> Attributes:
    """Return the attributes of the customer that a merge makes; each survives by itself."""
    after = dict(survivor)
    for attributes in absorbed:
        for name, value in attributes.items():
            after[name] = _winner(after.get(name), value)
    return after


def visible_values(attributes: Attributes) -> dict[str, Json]:
    """Return names and values as callers see them; a cleared attribute is absent."""
    return {
        name: attribute.value
        for name, attribute in sorted(attributes.items())
        if attribute.value is not None
    }


def is_same_json(left: Json, right: Json) -> bool:
    """Return whether two values are the same JSON; in Python, ``True == 1``."""
    return left is right or _canonical(left) == _canonical(right)


def _winner(current: AttributeValue | None, candidate: AttributeValue) -> AttributeValue:
    if current is None:
        return candidate
    winner = max(current, candidate, key=_strength)
    if _strength(current) != _strength(candidate):
        return winner
    # The two agree, so the candidate confirms the value: keep the time of its first arrival.
    return replace(winner, ingested_at=min(current.ingested_at, candidate.ingested_at))


def _strength(value: AttributeValue) -> tuple[bool, datetime, str, str]:
    return (value.verified, value.observed_at, _canonical(value.value), value.source or "")


def _value_or_none(attribute: AttributeValue | None) -> Json:
    return None if attribute is None else attribute.value


def _canonical(value: Json) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
