"""Assembles the service from its parts."""

from datetime import timedelta
from pathlib import Path

from common.service import STEADY_PLANS, Foundation, Service, assemble
from common.web.auth import register_scopes
from identity.customers.domain.customers import CustomerLimits
from identity.customers.domain.denials import DenyKeys
from identity.customers.domain.source_priorities import SourcePriorities
from identity.customers.wiring import SIMILAR_NAMES, build_customers
from identity.edits.wiring import build_edits
from identity.graph.wiring import build_graphs
from identity.groups.wiring import build_groups
from identity.matching.wiring import build_matching
from identity.merging.wiring import build_merging
from identity.privacy.wiring import build_privacy
from identity.registry.usecases.tenant_rules import RulesCache
from identity.registry.wiring import build_registry
from identity.rekeying.wiring import build_rekeying
from identity.resolution.wiring import build_resolution
from identity.retirement.wiring import build_retirement
from identity.rules.wiring import build_rules
from identity.settings import IdentitySettings

NAME = "identity"
SCOPES = frozenset({"context:read", "identity:admin", "identity:write", "privacy:admin"})
"""What the routes of this service require."""
OTHER_SCOPES = frozenset({"interactions:write", "sla:admin", "sla:read"})
"""What the other services require: one key may be for all of them."""
register_scopes(SCOPES | OTHER_SCOPES)
MIGRATIONS = Path(__file__).parents[2] / "migrations"


def build(settings: IdentitySettings) -> Service:
    """Return the service, not yet connected to anything."""
    foundation = Foundation.lay(NAME, settings, session={**STEADY_PLANS, **SIMILAR_NAMES})
    rules = settings.rules
    limits = CustomerLimits(
        max_identifiers=rules.max_identifiers,
        max_attributes=rules.max_attributes,
        max_neighbours=rules.max_neighbours,
        claim_lifetime=timedelta(days=rules.claim_days),
    )
    priorities = SourcePriorities(rules.source_priorities)
    privacy = settings.privacy
    deny_keys = DenyKeys(
        secret.get_secret_value() for secret in (privacy.deny_secret, *privacy.earlier_deny_secrets)
    )
    parts = [
        build_resolution(
            RulesCache(foundation.database, limits),
            priorities,
            deny_keys,
            default_region=rules.default_region,
        ),
        build_registry(),
        build_rules(foundation, limits),
        build_customers(foundation, default_region=rules.default_region),
        build_edits(limits, priorities),
        build_merging(limits, default_region=rules.default_region),
        build_rekeying(foundation, limits),
        build_graphs(default_region=rules.default_region),
        build_groups(
            foundation, max_members=settings.groups.max_members, default_region=rules.default_region
        ),
        build_privacy(foundation, settings, deny_keys),
        build_matching(foundation, limits),
        build_retirement(foundation),
    ]
    return assemble(foundation, parts, title="Threadline identity", migrations=MIGRATIONS)
