"""Progress past what has no effect, such as heartbeats: for all partitions of a stream together."""

from collections.abc import Sequence

from common.db import Database
from common.messaging.inbox import claims
from common.runtime import Call, Gatherer

_MOST = 1_000


class Passing:
    """Moves partitions on in as few statements as possible: those that come meanwhile share one.

    An idle topic has nothing but heartbeats, many a second; this is what they cost.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._steps = Gatherer(self._move, name="passing", most=_MOST, at_once=1)

    async def move(self, step: claims.Progress) -> None:
        """Move one partition on. Raises as ``inbox.move`` does."""
        group = f"{step.consumer} {step.topic}"
        await self._steps.add(group, step, names=[step.partition])

    async def _move(self, _group: str, calls: Sequence[Call[claims.Progress, None]]) -> None:
        moved = await self._database.jot(claims.move_all, [call.item for call in calls])
        for call in calls:
            call.settle(None if call.item.partition in moved else claims.fenced(call.item))
