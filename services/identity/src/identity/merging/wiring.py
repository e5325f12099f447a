"""Builds the part that merges customers on request."""

from common.service import Part
from identity.customers.domain.customers import CustomerLimits
from identity.merging.http import merges
from identity.merging.http.state import MergingState


def build_merging(limits: CustomerLimits) -> Part:
    """Return the part that merges two customers into one."""
    return Part(routers=[merges.router], state=MergingState(limits=limits))
