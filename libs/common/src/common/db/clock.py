"""The database's time, so that all processes of a service agree on what time it is."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

from sqlalchemy import text

from common.db.connections import ReadConnection
from common.db.database import Database
from common.errors import UnavailableError
from common.runtime import Backoff, Loop, without_session
from common.telemetry import get_logger, metrics

_log = get_logger(__name__)

_DRIFT = 0.001
"""Seconds by which two clocks may drift apart in a second: twice NTP's maximum slew."""


class Clock(Protocol):
    def now(self) -> datetime:
        """Return the present, aware, in UTC."""
        ...


class DatabaseClock:
    """The database's clock, read at intervals and carried on by the monotonic clock in between.

    A step of this host's wall clock therefore changes nothing. Until the first reading succeeds,
    the wall clock has to do. A reading is off by up to half of the round trip that it took, which
    is long on a busy machine. So a reading is kept until it may have drifted further than a new one
    is off (the clock filter of NTP, RFC 5905 section 10), or until a new one contradicts it, as
    after a step.
    """

    name = "clock"

    def __init__(self, database: Database, *, service: str, every_seconds: float = 5.0) -> None:
        self._database = database
        self._service = service
        self._every_seconds = every_seconds
        self._read_at = time.monotonic()
        self._reading = wall_time()
        self._off_by = 0.0
        self._synchronised = False
        self._loop = Loop(
            self.name,
            without_session(self._round),
            retry=Backoff.constant(every_seconds),
            survives=(UnavailableError,),
            on_failure=self._not_synchronised,
        )

    def now(self) -> datetime:
        return self._reading + timedelta(seconds=time.monotonic() - self._read_at)

    @property
    def skew_seconds(self) -> float:
        """This host's wall clock minus the database's; 0 until the first reading."""
        if not self._synchronised:
            return 0.0
        return (wall_time() - self.now()).total_seconds()

    async def synchronise(self) -> None:
        """Read the database's clock. Raises UnavailableError when it cannot be reached."""
        sent = time.monotonic()
        reading = await self._database.read(_database_time, deadline_seconds=2.0)
        self._take(reading, sent=sent, received=time.monotonic())
        self._synchronised = True
        metrics.CLOCK_SKEW.labels(self._service).set(self.skew_seconds)

    def _take(self, reading: datetime, *, sent: float, received: float) -> None:
        """Use this reading, unless the one before is more accurate."""
        read_at, off_by = (sent + received) / 2, (received - sent) / 2
        age = read_at - self._read_at
        drifted = self._off_by + _DRIFT * age
        apart = abs((reading - self._reading).total_seconds() - age)
        if not self._synchronised or off_by <= drifted or apart > off_by + drifted:
            self._reading, self._read_at, self._off_by = reading, read_at, off_by

    async def run(self, stop: asyncio.Event) -> None:
        """Keep reading until ``stop`` is set; an unreachable database leaves the last reading."""
        await self._loop.run(stop)

    async def _round(self) -> float:
        await self.synchronise()
        return self._every_seconds

    def _not_synchronised(self, _error: Exception) -> None:
        _log.warning("clock.not_synchronised", service=self._service)

    def healthy(self) -> str | None:
        return None


def wall_time() -> datetime:
    """Return this host's own wall clock. For decisions use a ``Clock``."""
    return datetime.fromtimestamp(time.time(), UTC)


async def _database_time(connection: ReadConnection) -> datetime:
    result = await connection.execute(text("SELECT clock_timestamp()"))
    reading: datetime = result.scalar_one()
    return reading
