"""What the routers of rules need from the wiring."""

from dataclasses import dataclass
from typing import Annotated

from common.web import part_state
from identity.customers.domain.customers import CustomerLimits


@dataclass(frozen=True, kw_only=True)
class RulesState:
    """``service`` are the limits of the service's settings."""

    service: CustomerLimits


RulesStateDep = Annotated[RulesState, part_state(RulesState)]
