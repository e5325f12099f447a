"""Carry on with simulations and applications of rules."""

from datetime import timedelta

from common.db import Clock, Database
from common.errors import UnavailableError
from common.telemetry import describe, get_logger
from identity.customers.domain.customers import CustomerLimits
from identity.rules.store.runs import delete_finished
from identity.rules.usecases.advance_runs import AdvanceRuns, advance_runs
from identity.rules.usecases.fail_run import fail_run

_log = get_logger(__name__)

PAGE = 20
"""Customers in one transaction: an application locks them, and all that they are connected with."""
KEEP = timedelta(days=90)
"""How long a finished run is kept, with what it found."""
PURGED_ROWS = 1_000


class AdvanceStored:
    """One round: the next page of the run that waits longest.

    A process that dies loses the page under way; another one goes on from the page before.
    """

    def __init__(self, database: Database, limits: CustomerLimits, *, clock: Clock) -> None:
        self._database = database
        self._limits = limits
        self._clock = clock

    async def __call__(self) -> int:
        command = AdvanceRuns(self._limits, PAGE)
        try:
            run_id = await self._database.run(advance_runs, command, now=self._clock.now())
        except UnavailableError:
            raise
        except Exception as error:  # noqa: BLE001 - counted with the run, which ends in time
            # Otherwise one run would keep those of all other tenants waiting.
            _log.exception("rules.page_failed")
            problem = describe(error)
            await self._database.run(fail_run, problem=problem, now=self._clock.now())
            return 1
        return int(run_id is not None)


class PurgeFinished:
    """One round: some rows of the oldest run that finished long ago."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def __call__(self) -> int:
        before = self._clock.now() - KEEP
        return await self._database.run(delete_finished, before=before, count=PURGED_ROWS)
