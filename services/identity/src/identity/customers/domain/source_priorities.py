"""How important the sources of attributes are to a tenant."""

from collections.abc import Mapping
from dataclasses import dataclass, field

ANY_TENANT = "*"


@dataclass(frozen=True, slots=True)
class SourcePriorities:
    """Priorities by tenant and source; ``*`` is every tenant that has none of its own."""

    by_tenant: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def of(self, tenant_id: str, source: str | None) -> int:
        """Return the priority of a source; 0 for one that is not configured, or unknown."""
        own = self.by_tenant.get(tenant_id, self.by_tenant.get(ANY_TENANT, {}))
        return own.get(source, 0) if source is not None else 0
