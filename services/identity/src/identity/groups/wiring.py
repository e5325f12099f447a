"""Builds the part that keeps households and accounts."""

from common.runtime import drain
from common.service import Foundation, Part
from identity.groups.events.published import TOPIC
from identity.groups.http import groups, members
from identity.groups.http.state import GroupsState
from identity.groups.timers.rekey_stored_points import RekeyStoredPoints

PAUSE_SECONDS = 60.0
"""A process of the version before may still write older keys, so it looks again."""


def build_groups(foundation: Foundation, *, max_members: int, default_region: str | None) -> Part:
    """Return the part that keeps groups of customers and publishes their changes."""
    work = RekeyStoredPoints(
        foundation.database, default_region=default_region, clock=foundation.clock
    )
    return Part(
        routers=[groups.router, members.router],
        state=GroupsState(max_members=max_members, default_region=default_region),
        topics=[TOPIC],
        components=[drain("maintenance:rekey_contact_points", work, pause_seconds=PAUSE_SECONDS)],
    )
