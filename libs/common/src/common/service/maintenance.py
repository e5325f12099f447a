"""Housekeeping of the shared tables: make the coming days' partitions, drop what is over."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from common.db import Clock, Database, Transaction, drop_days, ensure_days
from common.errors import UnavailableError
from common.settings import RelaySettings
from common.telemetry import describe, get_logger
from common.web.writes import purge

_log = get_logger(__name__)

EVERY_SECONDS = 3600.0
RETRY_SECONDS = 60.0
INBOX_DAYS = 14
"""Longer than any topic is replayed by accident; a deliberate replay goes by the progress table."""

_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtext('threadline.maintenance'))")


@dataclass(frozen=True, slots=True)
class Retention:
    """Drop a table's days after ``days``, save those with a row that meets ``unless`` (SQL)."""

    days: int
    unless: str = "false"


class Maintenance:
    """Runs at start and every hour; of several processes one does the work."""

    name = "maintenance"

    def __init__(
        self,
        database: Database,
        relay: RelaySettings,
        *,
        clock: Clock,
        daily_tables: Sequence[str] = ("outbox", "inbox"),
        retention: Mapping[str, Retention] | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._daily_tables = daily_tables
        self._retention = {
            "outbox": Retention(relay.keep_days, "published_at IS NULL"),
            "inbox": Retention(INBOX_DAYS),
        } | dict(retention or {})
        self._trouble: str | None = None

    def healthy(self) -> str | None:
        return self._trouble

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await self._keep_house(stop)
                self._trouble = None
            except (UnavailableError, DBAPIError) as error:
                self._trouble = f"housekeeping failed: {describe(error)}"
                _log.warning("maintenance.postponed", error=describe(error))
            try:
                async with asyncio.timeout(RETRY_SECONDS if self._trouble else EVERY_SECONDS):
                    await stop.wait()
            except TimeoutError:
                continue

    async def _keep_house(self, stop: asyncio.Event) -> None:
        """Do it in small transactions: dropping a day locks its table, and none may lock two."""
        today = self._clock.now().date()
        for table in self._daily_tables:
            await self._database.run(self._alone, ensure_days, [table], today=today)
        for table, keep in self._retention.items():
            before = today - timedelta(days=keep.days)
            await self._database.run(
                self._alone, drop_days, table, before=before, unless=keep.unless
            )
        while not stop.is_set():
            forgotten = await self._database.run(purge, now=self._clock.now())
            if not forgotten:
                return

    async def _alone(
        self, tx: Transaction, step: Callable[..., Any], /, *args: Any, **kwargs: Any
    ) -> None:
        """Run one step, unless another process is at one."""
        if (await tx.execute(_LOCK)).scalar_one():
            await tx.execute(text("SET LOCAL lock_timeout = '2s'"))
            await tx.run_sync(step, *args, **kwargs)
