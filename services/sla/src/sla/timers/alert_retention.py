"""The log of alerts is for streams to catch up from, not an archive: old days are dropped."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from common.clock import Clock
from common.database import Database
from common.errors import UnavailableError
from common.partitions import drop_days
from common.telemetry.logs import describe, get_logger

_log = get_logger(__name__)

EVERY_SECONDS = 3600.0


class AlertRetention:
    """Runs at start and every hour."""

    name = "timer:alert_retention"

    def __init__(self, database: Database, *, clock: Clock, keep_days: int) -> None:
        self._database = database
        self._clock = clock
        self._keep_days = keep_days

    def healthy(self) -> str | None:
        return None

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            before = self._clock.now().date() - timedelta(days=self._keep_days)
            try:
                await self._database.run(drop_alerts, before)
            except UnavailableError as error:
                _log.warning("alert_retention.postponed", error=describe(error))
            try:
                async with asyncio.timeout(EVERY_SECONDS):
                    await stop.wait()
            except TimeoutError:
                continue


async def drop_alerts(tx: AsyncConnection, before: date) -> None:
    await tx.run_sync(drop_days, "alert", before=before)
