"""Gauges that are read from the database when ``/metrics`` is asked, by every process.

So what a dead process should have done still shows: any process that can read tells it.
"""

import time
from collections.abc import Awaitable, Callable, Collection, Sequence

from common.db import Database, ReadConnection
from common.errors import ServiceError
from common.messaging import inbox
from common.telemetry import describe, get_logger, metrics

Reading = Callable[[ReadConnection], Awaitable[None]]
"""Reads what its gauges show, and sets them; one bounded statement on an index."""

REFRESH_SECONDS = 10.0
"""How long readings are kept, however often ``/metrics`` is asked."""
DEADLINE_SECONDS = 2.0

_log = get_logger(__name__)


class Readings:
    """The readings of one service. While the database is away, they keep their last values."""

    def __init__(self, database: Database, readings: Sequence[Reading]) -> None:
        self._database = database
        self._readings = readings
        self._read_at = float("-inf")

    async def refresh(self) -> None:
        """Read all gauges, unless that was done within ``REFRESH_SECONDS``."""
        now = time.monotonic()
        if now - self._read_at < REFRESH_SECONDS:
            return
        self._read_at = now
        try:
            for reading in self._readings:
                await self._database.read(reading, deadline_seconds=DEADLINE_SECONDS)
        except ServiceError as error:
            _log.warning("metrics.not_read", error=describe(error))
            return
        metrics.READINGS.labels(self._database.service).set_to_current_time()


def waiting_letters(streams: Collection[str]) -> Reading:
    """Return the reading of the dead letters of these streams."""

    async def read_waiting_letters(connection: ReadConnection) -> None:
        waiting = await inbox.dead_letters.count_waiting(connection)
        for stream in streams:
            metrics.DEAD_LETTERS.labels(stream).set(waiting.get(stream, 0))

    return read_waiting_letters
