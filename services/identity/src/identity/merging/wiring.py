"""Builds the part that merges customers on request, and decides about them otherwise."""

from common.service import Part
from identity.customers.domain.customers import CustomerLimits
from identity.merging.http import decision_lists, decisions, merges
from identity.merging.http.state import MergingState


def build_merging(limits: CustomerLimits, *, default_region: str | None) -> Part:
    """Return the part that carries out what persons decide about customers."""
    return Part(
        routers=[merges.router, decisions.router, decision_lists.router],
        state=MergingState(limits=limits, default_region=default_region),
    )
