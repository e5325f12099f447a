"""Builds the rules: calendars and policies."""

from common.service import Part
from sla.rules.http import calendars, policies


def build_rules() -> Part:
    """Return the part that keeps policies and the calendars they count by."""
    return Part(routers=[calendars.router, policies.router])
