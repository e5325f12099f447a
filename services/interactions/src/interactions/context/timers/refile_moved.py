"""Move interactions to the customer who turned out to have said them."""

from common.db import Clock, Database
from interactions.context.usecases.refile_interactions import refile_interactions

BATCH = 500
"""Interactions that are looked at in one transaction."""


class RefileMoved:
    """One round: the next interactions of the refiling that has waited longest."""

    def __init__(self, database: Database, *, region: str | None, clock: Clock) -> None:
        self._database = database
        self._region = region
        self._clock = clock

    async def __call__(self) -> int:
        worked = await self._database.run(
            refile_interactions, count=BATCH, region=self._region, now=self._clock.now()
        )
        return int(worked)
