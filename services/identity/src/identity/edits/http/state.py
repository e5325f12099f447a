"""What the router of edits needs from the wiring."""

from dataclasses import dataclass
from typing import Annotated

from common.web import part_state
from identity.customers.domain.customers import CustomerLimits
from identity.customers.domain.source_priorities import SourcePriorities


@dataclass(frozen=True, kw_only=True)
class EditsState:
    limits: CustomerLimits
    priorities: SourcePriorities


EditsStateDep = Annotated[EditsState, part_state(EditsState)]
