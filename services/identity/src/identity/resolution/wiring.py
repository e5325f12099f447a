"""Builds the part that finds the customer behind identifiers."""

from common.service import Part
from identity.events.published import TOPIC
from identity.resolution.domain.clusters import Rules
from identity.resolution.http import identities
from identity.resolution.http.state import ResolutionState
from identity.settings import IdentitySettings


def build_resolution(settings: IdentitySettings) -> Part:
    """Return the part that resolves identifiers, and publishes what comes of it."""
    rules = settings.rules
    return Part(
        routers=[identities.router],
        state=ResolutionState(
            rules=Rules(max_identifiers=rules.max_identifiers, max_attributes=rules.max_attributes),
            default_region=rules.default_region,
        ),
        topics=[TOPIC],
        heartbeat_topics=[TOPIC],
    )
