"""Builds the part that keeps households and accounts."""

from common.service import Part
from identity.groups.events.published import TOPIC
from identity.groups.http import groups, members
from identity.groups.http.state import GroupsState


def build_groups(*, max_members: int, default_region: str | None) -> Part:
    """Return the part that keeps groups of customers and publishes their changes."""
    return Part(
        routers=[groups.router, members.router],
        state=GroupsState(max_members=max_members, default_region=default_region),
        topics=[TOPIC],
    )
