"""Retire customers that were made of nothing usable, once."""

from common.db import Clock, Database
from identity.retirement.usecases.retire_customers import retire_customers

BATCH = 500
"""Customers that one transaction looks at."""


class RetireEmpty:
    """One round: the next customers. Once finished, it asks the database no more."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._finished = False

    async def __call__(self) -> int:
        if self._finished:
            return 0
        done = await self._database.run(retire_customers, count=BATCH, now=self._clock.now())
        self._finished = done.finished
        return done.customers
