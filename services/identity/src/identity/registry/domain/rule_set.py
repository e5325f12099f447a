"""What a tenant's rules say: limits, types of identifiers, and blocked values."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Self

from identity.customers.domain.customers import CustomerLimits
from identity.customers.domain.identifiers import Level
from identity.customers.domain.type_rules import BUILT_IN_RULES, Cap, Rank, TypeRule, TypeRules
from identity.registry.domain.blocked import BlockedValue, Match
from identity.registry.domain.registered_type import Category, RegisteredType

_RANKS = {
    Category.OWN_NUMBER: Rank.OWN_NUMBER,
    Category.CONTACT_POINT: Rank.CONTACT_POINT,
    Category.DEVICE: Rank.DEVICE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeSettings:
    """What the rules say of one type; None leaves it as the type is by itself.

    ``max_values`` counts the values of a customer, and ``max_neighbours`` the identifiers of one
    type that were proved together with a value; each within any ``…_window_days`` if that is set.
    Where a customer has too many identifiers, those of the lowest ``priority`` go first.
    ``default_level`` is that of a value whose request names none.
    """

    exclusive: bool | None = None
    replaceable: bool | None = None
    max_values: int | None = None
    values_window_days: int | None = None
    max_neighbours: int | None = None
    neighbours_window_days: int | None = None
    priority: int | None = None
    default_level: Level | None = None

    def applied_to(self, rule: TypeRule) -> TypeRule:
        """Return the rule of the type with these settings."""
        values = _cap(self.max_values, self.values_window_days)
        neighbours = _cap(self.max_neighbours, self.neighbours_window_days)
        exclusive = rule.is_exclusive if self.exclusive is None else self.exclusive
        replaceable = rule.is_replaceable if self.replaceable is None else self.replaceable
        return replace(
            rule,
            is_exclusive=exclusive,
            is_replaceable=exclusive and replaceable,
            values=values or rule.values,
            neighbours=neighbours or rule.neighbours,
            priority=rule.priority if self.priority is None else self.priority,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """One version of a tenant's rules. Version 0 is what the service's settings say."""

    version: int = 0
    max_identifiers: int
    max_neighbours: int
    claim_days: int
    types: Mapping[str, TypeSettings] = field(default_factory=dict)
    blocked: tuple[BlockedValue, ...] = ()
    note: str | None = None
    created_at: datetime | None = None
    created_by: str | None = None

    @classmethod
    def of_service(cls, limits: CustomerLimits) -> Self:
        """Return the rules of a tenant that has none of its own."""
        return cls(
            max_identifiers=limits.max_identifiers,
            max_neighbours=limits.max_neighbours,
            claim_days=limits.claim_lifetime.days,
        )

    @classmethod
    def of_body(cls, body: Mapping[str, Any], **columns: Any) -> Self:
        """Return the rules that were stored as this body."""
        types = {
            kind: TypeSettings(**{**members, "default_level": _level(members["default_level"])})
            for kind, members in body["types"].items()
        }
        blocked = tuple(
            BlockedValue(entry["type"], Match(entry["match"]), entry["value"])
            for entry in body["blocked"]
        )
        return cls(**{**body, "types": types, "blocked": blocked}, **columns)

    def body(self) -> dict[str, Any]:
        """Return what the rules say, as JSON."""
        return {
            "max_identifiers": self.max_identifiers,
            "max_neighbours": self.max_neighbours,
            "claim_days": self.claim_days,
            "types": {
                kind: {
                    "exclusive": settings.exclusive,
                    "replaceable": settings.replaceable,
                    "max_values": settings.max_values,
                    "values_window_days": settings.values_window_days,
                    "max_neighbours": settings.max_neighbours,
                    "neighbours_window_days": settings.neighbours_window_days,
                    "priority": settings.priority,
                    "default_level": (
                        None if settings.default_level is None else settings.default_level.label
                    ),
                }
                for kind, settings in sorted(self.types.items())
            },
            "blocked": [
                {"type": entry.type, "match": entry.match.value, "value": entry.value}
                for entry in self.blocked
            ],
        }

    def says_the_same_as(self, other: Self) -> bool:
        return (self.body(), self.note) == (other.body(), other.note)


def limits_of(
    rules: RuleSet, registered: Mapping[str, RegisteredType], service: CustomerLimits
) -> CustomerLimits:
    """Return the limits that the rules of a tenant set, within those of the service."""
    own = {
        kind: TypeRule(
            rank=_RANKS[entry.category], is_exclusive=entry.category is Category.OWN_NUMBER
        )
        for kind, entry in registered.items()
    }
    for kind, settings in rules.types.items():
        own[kind] = settings.applied_to(own.get(kind) or BUILT_IN_RULES.of(kind))
    return replace(
        service,
        max_identifiers=min(rules.max_identifiers, service.max_identifiers),
        max_neighbours=rules.max_neighbours,
        claim_lifetime=timedelta(days=rules.claim_days),
        types=TypeRules(own),
        rules_version=rules.version,
    )


def _cap(most: int | None, window_days: int | None) -> Cap | None:
    if most is None:
        return None
    return Cap(most, None if window_days is None else timedelta(days=window_days))


def _level(label: str | None) -> Level | None:
    return None if label is None else Level.parse(label)
