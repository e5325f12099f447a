"""Re-key contact points that an older version of the normaliser wrote."""

from common.db import Clock, Database
from identity.groups.usecases.rekey_contact_points import RekeyContactPoints, rekey_contact_points


class RekeyStoredPoints:
    """One round: the contact points of one group."""

    def __init__(self, database: Database, *, default_region: str | None, clock: Clock) -> None:
        self._database = database
        self._command = RekeyContactPoints(default_region)
        self._clock = clock

    async def __call__(self) -> int:
        return await self._database.run(rekey_contact_points, self._command, now=self._clock.now())
