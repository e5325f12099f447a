"""What a type of identifiers says of the people who have them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum

from identifiers import BUILT_IN_TYPES


class Rank(IntEnum):
    """How closely a type of identifier belongs to one person, the closest first."""

    OWN_NUMBER = 0
    CONTACT_POINT = 1
    DEVICE = 2


@dataclass(frozen=True, slots=True)
class Cap:
    """At most so many within any time of the window's length; without a window, in all."""

    most: int
    window: timedelta | None = None

    def is_exceeded_by(self, times: Collection[datetime]) -> bool:
        """Return whether too many of these times lie within one window."""
        if len(times) <= self.most:
            return False
        if self.window is None:
            return True
        ordered: Sequence[datetime] = sorted(times)
        return any(
            last - first <= self.window
            for first, last in zip(ordered, ordered[self.most :], strict=False)
        )


@dataclass(frozen=True, slots=True)
class TypeRule:
    """How the identifiers of one type decide who is whom.

    Where a customer would have too many identifiers, those of a higher ``priority`` stay.
    """

    rank: Rank = Rank.CONTACT_POINT
    is_exclusive: bool = False
    """Two different proved values of one scope are two people."""
    is_replaceable: bool = False
    """A second value of an exclusive type joins with a verified identifier: a lost card."""
    values: Cap | None = None
    """The most values that a customer may have."""
    neighbours: Cap | None = None
    """The most identifiers of one type that may be proved together with a value before it counts
    as shared by many; None for what all types have in common."""
    priority: int = 100


PERSON_TYPE = "named_person"
"""Identifiers that stand for who gives a name and a birth date at a contact point."""

_OWN_NUMBER = TypeRule(Rank.OWN_NUMBER, is_exclusive=True)
_RULES: Mapping[str, TypeRule] = {
    **{kind: TypeRule(Rank.DEVICE) for kind, known in BUILT_IN_TYPES.items() if known.is_device},
    "external_id": _OWN_NUMBER,
    "account_id": _OWN_NUMBER,
    "loyalty_id": TypeRule(Rank.OWN_NUMBER, is_exclusive=True, is_replaceable=True),
    PERSON_TYPE: TypeRule(Rank.OWN_NUMBER),
}
_OTHER = TypeRule()


@dataclass(frozen=True, slots=True)
class TypeRules:
    """The rules of all types. ``own``, by type, are the tenant's, before the built-in ones."""

    own: Mapping[str, TypeRule] = field(default_factory=dict)

    def of(self, kind: str) -> TypeRule:
        """Return the rule of a type; one that nobody has registered names a contact point."""
        return self.own.get(kind) or _RULES.get(kind, _OTHER)

    def rank(self, kind: str) -> Rank:
        return self.of(kind).rank

    @property
    def devices(self) -> list[str]:
        """The types that name a browser or a device, sorted."""
        return sorted(
            kind for kind, rule in {**_RULES, **self.own}.items() if rule.rank is Rank.DEVICE
        )


BUILT_IN_RULES = TypeRules()
