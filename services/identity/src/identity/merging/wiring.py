"""Builds the part that merges customers by hand."""

from common.service import Part
from identity.merging.http import merges


def build_merging() -> Part:
    """Return the part that merges two customers who are one."""
    return Part(routers=[merges.router])
