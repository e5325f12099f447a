"""The rules by which a tenant's requests are read and decided, read once and kept for a moment."""

from collections.abc import Callable
from time import monotonic

from cachetools import TTLCache

from common.db import Database, ReadConnection
from identifiers import BUILT_IN_TYPES
from identity.customers.domain.customers import CustomerLimits
from identity.registry.domain.blocked import BlockedValues
from identity.registry.domain.rule_set import RuleSet, limits_of
from identity.registry.domain.tenant_rules import TenantRules
from identity.registry.store.registered_types import list_types
from identity.registry.store.rule_sets import find_in_force, find_rules

KEPT_SECONDS = 1.0
"""Nobody decides by rules of before: each unit of work compares the revision. It only costs those
of this time another look, and the reading of their identifiers, once more."""
MAX_TENANTS = 1_000


class RulesCache:
    """The rules of the tenants that sent requests lately."""

    def __init__(
        self,
        database: Database,
        service: CustomerLimits,
        *,
        time: Callable[[], float] = monotonic,
    ) -> None:
        self._database = database
        self._service = service
        self._rules: TTLCache[str, TenantRules] = TTLCache(MAX_TENANTS, KEPT_SECONDS, time)

    async def get(self, tenant_id: str) -> TenantRules:
        """Return the rules as they were at most a second ago."""
        rules = self._rules.get(tenant_id)
        if rules is None:
            rules = await self._database.read(get_tenant_rules, tenant_id, self._service)
            self._rules[tenant_id] = rules
        return rules


async def get_tenant_rules(
    connection: ReadConnection, tenant_id: str, service: CustomerLimits, version: int | None = None
) -> TenantRules:
    """Return the rules in force, or with ``version`` what they would be if that one were.

    Raises KeyError for a version that does not exist.
    """
    in_force = await find_in_force(connection, tenant_id)
    if in_force.revision == 0 and not version:
        return TenantRules.by_default(service)
    wanted = in_force.version if version is None else version
    rules = await find_rules(connection, tenant_id, wanted) if wanted else None
    if rules is None:
        if wanted:
            raise KeyError(wanted)
        rules = RuleSet.of_service(service)
    registered = {entry.type: entry for entry in await list_types(connection, tenant_id)}
    return TenantRules(
        limits=limits_of(rules, registered, service),
        service=service,
        revision=in_force.revision,
        types={**BUILT_IN_TYPES, **{kind: entry.reading for kind, entry in registered.items()}},
        blocked=BlockedValues(rules.blocked),
        default_levels={
            kind: settings.default_level
            for kind, settings in rules.types.items()
            if settings.default_level is not None
        },
    )
