"""What the routers of matching need from the wiring."""

from dataclasses import dataclass
from typing import Annotated

from common.web import part_state
from identity.customers.domain.customers import CustomerLimits


@dataclass(frozen=True, kw_only=True)
class MatchingState:
    limits: CustomerLimits


MatchingStateDep = Annotated[MatchingState, part_state(MatchingState)]
