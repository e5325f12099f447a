"""Keep no versions of customers longer than they are asked for."""

from datetime import timedelta

from common.db import Clock, Database
from interactions.context.usecases.keep_versions import compact_versions

BATCH = 500
"""Versions, and claims, that are looked at in one transaction."""


class CompactVersions:
    """One round: the oldest versions that are past the retention, and expired claims."""

    def __init__(self, database: Database, *, keep: timedelta, clock: Clock) -> None:
        self._database = database
        self._keep = keep
        self._clock = clock

    async def __call__(self) -> int:
        before = self._clock.now() - self._keep
        return await self._database.run(compact_versions, before=before, count=BATCH)
