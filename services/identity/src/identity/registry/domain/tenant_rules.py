"""All that a tenant's requests are read and decided by."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from identifiers import BUILT_IN_TYPES, IdentifierType
from identity.customers.domain.customers import CustomerLimits
from identity.customers.domain.identifiers import Level
from identity.registry.domain.blocked import NOTHING_BLOCKED, BlockedValues


@dataclass(frozen=True, slots=True)
class TenantRules:
    """The rules in force, and the types of identifiers that the tenant registered.

    ``revision`` changes with each of them. ``service`` are the limits of the service's settings,
    for tenants that have no rules of their own.
    """

    limits: CustomerLimits = field(default_factory=CustomerLimits)
    service: CustomerLimits = field(default_factory=CustomerLimits)
    revision: int = 0
    types: Mapping[str, IdentifierType] = field(default_factory=lambda: BUILT_IN_TYPES)
    blocked: BlockedValues = NOTHING_BLOCKED
    default_levels: Mapping[str, Level] = field(default_factory=dict)

    @classmethod
    def by_default(cls, limits: CustomerLimits) -> "TenantRules":
        """Return the rules of a tenant that has neither rules nor types of its own."""
        return cls(limits, limits)


BUILT_IN = TenantRules()
