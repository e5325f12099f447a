"""Re-key identifiers that an older version of the normaliser wrote."""

from common.db import Clock, Database
from identity.customers.domain.customers import CustomerLimits
from identity.rekeying.usecases.rekey_identifiers import RekeyIdentifiers, rekey_identifiers

BATCH = 200
"""Identifiers in one transaction: it locks their customers, and those who have the new keys."""


class RekeyStored:
    """One round: the next identifiers of one tenant."""

    def __init__(self, database: Database, limits: CustomerLimits, *, clock: Clock) -> None:
        self._database = database
        self._limits = limits
        self._clock = clock

    async def __call__(self) -> int:
        command = RekeyIdentifiers(self._limits, BATCH)
        return await self._database.run(rekey_identifiers, command, now=self._clock.now())
