"""Time that stands still until a test moves it, for the services and for their databases alike."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import asyncpg
from typing_extensions import override

from common.service import Service
from sla.clocks.store.due_clocks import Schedule
from sla.clocks.timers.due_clocks import DueClocks
from sla.clocks.timers.schedule import StalledSources
from sla.settings import TimerSettings

_FUNCTIONS = "clock_timestamp", "statement_timestamp", "now"
_CREATE = """
    CREATE SCHEMA stopped;
    CREATE TABLE stopped.time (present timestamptz NOT NULL);
    INSERT INTO stopped.time VALUES (now());
    GRANT USAGE ON SCHEMA stopped TO PUBLIC;
    GRANT SELECT ON stopped.time TO PUBLIC
"""
_FUNCTION = """
    CREATE FUNCTION stopped.{name}() RETURNS timestamptz LANGUAGE sql STABLE
    AS 'SELECT present FROM stopped.time'
"""
_FIRST = """
    DO $$ BEGIN
        EXECUTE format('ALTER DATABASE %I SET search_path = stopped, pg_catalog, public',
                       current_database());
    END $$
"""
"""A schema before ``pg_catalog``, so that statements find our functions instead of Postgres's."""


_CREDULOUS = {"max_skew_seconds": timedelta.max.total_seconds()}
"""Settings of a timer that does not mind how far this host's clock is from the database's."""


class StoppedTime:
    """The present of databases and services; columns with a default keep the true time."""

    def __init__(self, connections: Sequence[asyncpg.Connection]) -> None:
        self._connections = connections
        self._present = datetime.fromtimestamp(0, UTC)

    @classmethod
    async def begin(cls, connections: Sequence[asyncpg.Connection]) -> "StoppedTime":
        """Stop the time of databases; their sessions from then on have it."""
        for connection in connections:
            await connection.execute(_CREATE)
            for name in _FUNCTIONS:
                await connection.execute(_FUNCTION.format(name=name))
            await connection.execute(_FIRST)
        return cls(connections)

    def now(self) -> datetime:
        return self._present

    def govern(self, services: Iterable[Service]) -> None:
        """Stop the clocks of services, and let their timers believe it."""
        for service in services:
            vars(service.clock)["now"] = self.now
            for component in service.components.values():
                if isinstance(component, DueClocks):
                    component._settings = component._settings.model_copy(update=_CREDULOUS)
                    component._stalled = _StalledSources(component._settings, self)

    async def move(self, present: datetime) -> None:
        """Make ``present`` the time, for everybody at once."""
        self._present = present
        for connection in self._connections:
            await connection.execute("UPDATE stopped.time SET present = $1", present)


class _StalledSources(StalledSources):
    """Sources that stand still by the stopped time instead of the monotonic clock."""

    def __init__(self, settings: TimerSettings, time: StoppedTime) -> None:
        super().__init__(settings)
        self._time = time

    @override
    def holds(self, schedule: Schedule, *, at: float) -> dict[int, float]:
        return super().holds(schedule, at=self._time.now().timestamp())
