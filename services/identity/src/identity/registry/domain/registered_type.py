"""What a tenant says about a type of identifiers of its own."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

from identifiers import Form, IdentifierType, ScopeRule


class Comparison(StrEnum):
    """How two values of a type are compared."""

    EXACT = "exact"
    """Case tells two values apart."""
    FOLDED = "folded"


class Scope(StrEnum):
    """What a scope means to a type."""

    REQUIRED = "required"
    """Values are unique within the system that issued them; one must be named."""
    OPTIONAL = "optional"
    IGNORED = "ignored"
    """Values are unique by themselves."""


class Category(StrEnum):
    """What a value of a type stands for."""

    OWN_NUMBER = "own_number"
    """One person, to whom it was issued."""
    CONTACT_POINT = "contact_point"
    """Where somebody is reached, who may change, or share it."""
    DEVICE = "device"
    """A browser or a device, which several people may use."""


_FORMS = {Comparison.EXACT: Form.EXACT, Comparison.FOLDED: Form.FOLDED}
_SCOPE_RULES = {
    Scope.REQUIRED: ScopeRule.SOURCE,
    Scope.OPTIONAL: ScopeRule.OPTIONAL,
    Scope.IGNORED: ScopeRule.NONE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredType:
    """One version of a type: how its values are read, and what they stand for."""

    type: str
    version: int = 1
    name: str
    comparison: Comparison
    scope: Scope
    category: Category
    registered_at: datetime
    registered_by: str

    @property
    def reading(self) -> IdentifierType:
        """How the normaliser reads its values."""
        return IdentifierType(
            _FORMS[self.comparison],
            _SCOPE_RULES[self.scope],
            is_device=self.category is Category.DEVICE,
        )

    def is_read_like(self, other: Self | None) -> bool:
        """Return whether identifiers of both, None for an unregistered type, are alike.

        That is what stored identifiers were read and decided by.
        """
        if other is None:
            return self.reading == UNREGISTERED and self.category is Category.CONTACT_POINT
        return self.reading == other.reading and self.category is other.category

    def following(self, current: Self | None) -> Self:
        """Return this draft as the version after ``current``, or ``current`` if they are alike."""
        if current is None:
            return self
        same = replace(
            self,
            version=current.version,
            registered_at=current.registered_at,
            registered_by=current.registered_by,
        )
        return current if same == current else replace(self, version=current.version + 1)


UNREGISTERED = IdentifierType()
"""How the normaliser reads values of a type that nobody has registered."""
