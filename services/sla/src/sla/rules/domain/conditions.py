"""Conditions over what a conversation says of itself, never over joined, changing records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Attributes = Mapping[str, object]

FIELDS = (
    "channel",
    "channel_account",
    "priority",
    "team",
    "assignee",
    "tags",
    "language",
    "brand",
    "customer_tier",
    "opened_by",
)
"""What a condition may speak of. ``tags`` has many values: a comparison with it asks for any."""

OPERATORS = ("in", "not_in", "eq", "ne", "exists")


@dataclass(frozen=True, slots=True)
class Condition:
    """``eq``/``ne``/``in``/``not_in`` compare with the values; ``exists`` asks for any or none."""

    field: str
    op: str
    values: tuple[str, ...] = ()
    exists: bool = True

    def holds(self, attributes: Attributes) -> bool:
        found = _values(attributes.get(self.field))
        if self.op == "exists":
            return bool(found) is self.exists
        matches = not found.isdisjoint(self.values)
        return matches if self.op in {"in", "eq"} else not matches


@dataclass(frozen=True, slots=True)
class Conditions:
    """All of the one must hold, and one of the other when it has some; none at all: everything."""

    all_of: tuple[Condition, ...] = ()
    any_of: tuple[Condition, ...] = ()

    def hold(self, attributes: Attributes) -> bool:
        return all(c.holds(attributes) for c in self.all_of) and (
            not self.any_of or any(c.holds(attributes) for c in self.any_of)
        )


def _values(value: object) -> frozenset[str]:
    if value is None or value == "":
        return frozenset()
    if isinstance(value, str):
        return frozenset((value,))
    if isinstance(value, Sequence):
        return frozenset(str(v) for v in value)
    return frozenset((str(value),))
