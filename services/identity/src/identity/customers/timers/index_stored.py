"""Index customers that an older version of the service wrote."""

from common.db import Clock, Database
from identity.customers.usecases.index_customers import IndexCustomers, index_customers

BATCH = 500


class IndexStored:
    """One round: the next customers."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def __call__(self) -> int:
        return await self._database.run(
            index_customers, IndexCustomers(BATCH), now=self._clock.now()
        )
