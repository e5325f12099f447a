"""What the routers of the graph need from the wiring."""

from dataclasses import dataclass
from typing import Annotated

from common.web import part_state


@dataclass(frozen=True, kw_only=True)
class GraphState:
    default_region: str | None


GraphStateDep = Annotated[GraphState, part_state(GraphState)]
