"""Builds the part that explains why identifiers are one customer's."""

from common.service import Part
from identity.graph.http import graphs
from identity.graph.http.state import GraphState


def build_graphs(*, default_region: str | None) -> Part:
    """Return the part that shows what connects a customer's identifiers."""
    return Part(routers=[graphs.router], state=GraphState(default_region=default_region))
