"""Bring the keys under which customers are found to the normaliser's version, once."""

from common.db import Database
from interactions.context.usecases.rekey_customers import rekey_customers

BATCH = 500
"""Customers in one transaction."""


class RekeyKnown:
    """One round: the next customers. Once finished, it asks the database no more."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._finished = False

    async def __call__(self) -> int:
        if self._finished:
            return 0
        rekeyed = await self._database.run(rekey_customers, count=BATCH)
        self._finished = rekeyed.finished
        return rekeyed.customers
