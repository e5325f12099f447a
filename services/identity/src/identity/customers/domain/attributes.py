"""Attributes and their survivorship: which value counts, in whatever order the values arrive."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any
from uuid import UUID

from identifiers import IdentifierKey
from identity.customers.domain.identifiers import Level

Json = Any
"""Any JSON value. As the value of an attribute, ``None`` clears it explicitly."""

MAX_ATTRIBUTE_BYTES = 4_096
"""The size of a value as JSON."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ITEMS_OF_A_WRITE = 1_024
"""More than a batch has, so that the items of two writes do not overlap."""


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
    level: Level = Level.CLAIMED
    """How well the sender was proved to be the customer."""
    priority: int = 0
    """That of the source when it reported this; a later configuration changes no stored value."""
    sequence: int = 0
    """The place among all writes: of two values that are otherwise equal, the later one counts."""
    carriers: tuple[str, ...] = ()
    """The identifiers that its sender proved, as ``carrier_of`` names them, the strongest first;
    empty if a person set it, or if the sender proved nothing."""
    is_kept: bool = field(default=True, compare=False)
    """False if it confirms a kept value, and is kept itself only once a different one arrives."""


Attributes = Mapping[str, AttributeValue]


@dataclass(frozen=True, slots=True)
class Observation:
    """An attribute's value as a source reported it, whether or not it counts.

    ``is_claim``: someone who only claims to be this customer reported it, so it never counts.
    ``is_repeat``: it says what counted anyway, but other identifiers carried it.
    """

    name: str
    value: AttributeValue
    is_claim: bool = False
    is_repeat: bool = False


@dataclass(frozen=True, slots=True)
class Version:
    """An observation that was kept, and the id of the customer that it was reported for."""

    origin_id: UUID
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


def sequence_at(now: datetime, position: int = 0) -> int:
    """Return the place among all writes of the item at this position of a write of ``now``."""
    return (now - _EPOCH) // timedelta(microseconds=1) * _ITEMS_OF_A_WRITE + position


def at_level(observations: Iterable[Observation], level: Level) -> tuple[Observation, ...]:
    """Return the observations as a sender at this level reported them."""
    return tuple(
        observation
        if observation.value.level is level
        else replace(observation, value=replace(observation.value, level=level))
        for observation in observations
    )


def carrier_of(key: IdentifierKey) -> str:
    """Return what stands for an identifier beside values: one may become another customer's."""
    return blake2b(_canonical(key).encode(), digest_size=8).hexdigest()


def reported_by(
    observations: Iterable[Observation], keys: Iterable[IdentifierKey], level: Level
) -> tuple[Observation, ...]:
    """Return the observations as a sender at this level with these identifiers reported them."""
    carriers = tuple(map(carrier_of, keys))
    return tuple(
        replace(observation, value=replace(observation.value, level=level, carriers=carriers))
        for observation in observations
    )


def written_after(
    current: Attributes, observations: Iterable[Observation]
) -> tuple[Observation, ...]:
    """Return the observations in places after those of the values that are there.

    The caller has locked the customer, so they are later, even if another process with a faster
    clock wrote the current values.
    """
    return tuple(_after(current.get(observation.name), observation) for observation in observations)


def _after(present: AttributeValue | None, observation: Observation) -> Observation:
    if present is None or present.sequence < observation.value.sequence:
        return observation
    return replace(observation, value=replace(observation.value, sequence=present.sequence + 1))


def apply_observations(current: Attributes, observations: Iterable[Observation]) -> Survivorship:
    """Return what counts after ``observations``; see ``_strength`` for the rule.

    A value that only confirms the current one is not kept, until a different one arrives; what
    other identifiers carried is, because these may turn out to be another customer's.
    """
    after = dict(current)
    kept: list[Observation] = []
    for observation in observations:
        name, value = observation.name, observation.value
        before = after.get(name)
        if before is not None and is_same_json(before.value, value.value):
            after[name] = _winner(before, replace(value, is_kept=False))
            if before.carriers != value.carriers:
                if not before.is_kept:
                    kept.append(Observation(name, replace(before, is_kept=True), is_repeat=True))
                kept.append(replace(observation, is_repeat=True))
            continue
        if before is not None and not before.is_kept:
            before = replace(before, is_kept=True)
            kept.append(Observation(name, before))
        kept.append(observation)
        after[name] = _winner(before, value)
    return Survivorship(after, changed_names(current, after), tuple(kept))


def keep_claims(current: Attributes, observations: Iterable[Observation]) -> Survivorship:
    """Keep what someone reported who only claims to be this customer; nothing counts."""
    claims = tuple(replace(observation, is_claim=True) for observation in observations)
    return Survivorship(current, changed=(), kept=claims)


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


def cleared_names(attributes: Attributes) -> tuple[str, ...]:
    """Return the names of the attributes that were cleared, sorted."""
    return tuple(sorted(name for name, attribute in attributes.items() if attribute.value is None))


def is_same_json(left: Json, right: Json) -> bool:
    """Return whether two values are the same JSON; in Python, ``True == 1``."""
    if left is None or right is None:
        return left is right
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    return left is right or _canonical(left) == _canonical(right)


def changed_names(before: Attributes, after: Attributes) -> tuple[str, ...]:
    """Return the names whose visible values differ, sorted."""
    return tuple(
        sorted(
            name
            for name in before.keys() | after.keys()
            if not is_same_json(_value_or_none(before.get(name)), _value_or_none(after.get(name)))
        )
    )


def newest(attributes: Attributes, count: int) -> Attributes:
    """Return so many of the attributes at most, those that were observed last."""
    if len(attributes) <= count:
        return attributes
    by_time = sorted(
        attributes.items(), key=lambda item: (item[1].observed_at, item[0]), reverse=True
    )
    return dict(by_time[:count])


def strongest(versions: Iterable[Version]) -> dict[str, AttributeValue]:
    """Return the value that counts among these versions, by name."""
    counting: dict[str, AttributeValue] = {}
    for version in versions:
        counting[version.name] = _winner(counting.get(version.name), version.value)
    return counting


def _winner(current: AttributeValue | None, candidate: AttributeValue) -> AttributeValue:
    if current is None:
        return candidate
    if _strength(current) != _strength(candidate):
        return max(current, candidate, key=_strength)
    winner = max(current, candidate, key=_digest)
    return replace(winner, ingested_at=min(current.ingested_at, candidate.ingested_at))


def _strength(value: AttributeValue) -> tuple[bool, int, bool, datetime, int]:
    """Return what decides between two values; the greatest wins.

    A claim is weaker than any proved value, however important its source. Then count the priority
    of the source, verification, the time of the event, and which of the two was written later.
    """
    return (
        value.level > Level.CLAIMED,
        value.priority,
        value.level is Level.VERIFIED,
        value.observed_at,
        value.sequence,
    )


def _digest(value: AttributeValue) -> bytes:
    """Return a fixed order for values of two customers that were written at the same instant.

    Neither of them is later, but merging the two customers in either order must give one result.
    """
    content = _canonical([value.value, value.source, value.level, value.carriers])
    return blake2b(content.encode(), digest_size=16).digest()


def _value_or_none(attribute: AttributeValue | None) -> Json:
    return None if attribute is None else attribute.value


def _canonical(value: Json) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
