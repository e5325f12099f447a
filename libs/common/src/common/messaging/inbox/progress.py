"""Moves positions past records that have no effect, such as heartbeats, in few statements."""

from collections.abc import Sequence

from common.db import Database
from common.messaging.inbox import claims
from common.runtime import Batcher, Call

_MAX_STEPS = 1_000


class HeartbeatProgress:
    """Moves all partitions of a stream together: steps that arrive while one runs share the next.

    An idle topic carries nothing but heartbeats, many a second; this is what they cost.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._steps = Batcher(
            self._move, name="heartbeat_progress", max_calls=_MAX_STEPS, max_running=1
        )

    async def move(self, step: claims.Progress) -> None:
        """Move one partition on. Raises as ``claims.move`` does."""
        group = f"{step.consumer} {step.topic}"
        await self._steps.add(group, step, names=[step.partition])

    async def _move(self, _group: str, calls: Sequence[Call[claims.Progress, None]]) -> None:
        steps = [call.item for call in calls]
        moved = await self._database.execute_once(claims.move_all, steps)
        for call in calls:
            call.settle(None if call.item.partition in moved else claims.fenced(call.item))
