"""Builds the part that finds the customers behind identifiers."""

from common.service import Part
from identity.customers.domain.denials import DenyKeys
from identity.customers.domain.source_priorities import SourcePriorities
from identity.events.published import TOPIC
from identity.registry.usecases.tenant_rules import RulesCache
from identity.resolution.http import identities
from identity.resolution.http.state import ResolutionState


def build_resolution(
    rules: RulesCache,
    priorities: SourcePriorities,
    deny_keys: DenyKeys,
    *,
    default_region: str | None,
) -> Part:
    """Return the part that resolves identifiers and publishes the changes to customers."""
    return Part(
        routers=[identities.router],
        state=ResolutionState(
            rules=rules,
            priorities=priorities,
            deny_keys=deny_keys,
            default_region=default_region,
        ),
        topics=[TOPIC],
        heartbeat_topics=[TOPIC],
    )
