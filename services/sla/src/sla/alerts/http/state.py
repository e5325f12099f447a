"""What the routers of alerts need from the wiring."""

from dataclasses import dataclass
from typing import Annotated

from common.db import Database, Horizon
from common.web import part_state
from common.web.responses import Streams


@dataclass(frozen=True, kw_only=True)
class AlertsState:
    database: Database
    horizon: Horizon
    streams: Streams
    replay_limit: int

    async def end(self) -> int:
        """Return the position before which no alert can appear any more."""
        return await self.horizon.safe_sequence() + 1


AlertsStateDep = Annotated[AlertsState, part_state(AlertsState)]
