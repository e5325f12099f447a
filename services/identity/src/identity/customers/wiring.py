"""Builds the part that shows customers."""

from common.service import Part
from identity.customers.http import customers


def build_customers() -> Part:
    """Return the part that shows customers as they are now."""
    return Part(routers=[customers.router])
