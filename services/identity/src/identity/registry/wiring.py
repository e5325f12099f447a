"""Builds the part that keeps the types of identifiers of tenants."""

from common.service import Part
from identity.registry.http import types


def build_registry() -> Part:
    """Return the part in which tenants register types of identifiers."""
    return Part(routers=[types.router])
