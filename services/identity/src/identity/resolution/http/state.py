"""What identity's routers need from the wiring."""

from dataclasses import dataclass
from typing import Annotated

from common.web import part_state
from identity.resolution.domain.clusters import Rules


@dataclass(frozen=True, kw_only=True)
class ResolutionState:
    """``default_region`` reads telephone numbers of callers that name none."""

    rules: Rules
    default_region: str | None = None


ResolutionStateDep = Annotated[ResolutionState, part_state(ResolutionState)]
