"""Conditions on a conversation's own attributes, never on joined records, which change."""

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
"""The attributes that a condition may name. ``tags`` has many values; a condition compares any."""

OPERATORS = ("in", "not_in", "eq", "ne", "exists")


@dataclass(frozen=True, slots=True)
class Condition:
    """``eq``, ``ne``, ``in`` and ``not_in`` compare with ``values``.

    ``exists`` asks whether the attribute has a value (``exists`` true) or has none (false).
    """

    field: str
    op: str
    values: tuple[str, ...] = ()
    exists: bool = True

    def holds(self, attributes: Attributes) -> bool:
        actual = _values(attributes.get(self.field))
        if self.op == "exists":
            return bool(actual) is self.exists
        matches = not actual.isdisjoint(self.values)
        return matches if self.op in {"in", "eq"} else not matches


@dataclass(frozen=True, slots=True)
class Conditions:
    """Every condition of ``all_of`` must hold, and one of ``any_of`` unless that is empty."""

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
