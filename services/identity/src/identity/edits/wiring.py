"""Builds the part in which callers change customers themselves."""

from common.service import Part
from identity.customers.domain.customers import CustomerLimits
from identity.customers.domain.source_priorities import SourcePriorities
from identity.edits.http import edits
from identity.edits.http.state import EditsState


def build_edits(limits: CustomerLimits, priorities: SourcePriorities) -> Part:
    """Return the part that sets and clears attributes."""
    return Part(routers=[edits.router], state=EditsState(limits=limits, priorities=priorities))
