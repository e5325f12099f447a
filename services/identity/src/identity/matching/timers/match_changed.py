"""Match customers that have changed, and all again with a new model."""

from common.db import Clock, Database
from identity.customers.domain.customers import CustomerLimits
from identity.matching.usecases.match_customers import MatchCustomers, match_customers

BATCH = 1_000
"""Customers in one transaction."""


class MatchChanged:
    """One round: a batch of one tenant."""

    def __init__(
        self,
        database: Database,
        limits: CustomerLimits,
        *,
        clock: Clock,
        tenant_id: str | None = None,
    ) -> None:
        self._database = database
        self._command = MatchCustomers(limits, BATCH, tenant_id)
        self._clock = clock

    async def __call__(self) -> int:
        return await self._database.run(match_customers, self._command, now=self._clock.now())
