"""What the routers of clocks need from the wiring."""

from dataclasses import dataclass
from typing import Annotated

from common.web import part_state
from sla.clocks.events.clock_fields import Links
from sla.rules.memory import CalendarMemory


@dataclass(frozen=True, kw_only=True)
class ClocksState:
    calendars: CalendarMemory
    links: Links


ClocksStateDep = Annotated[ClocksState, part_state(ClocksState)]
