"""Housekeeping of partitioned tables and old keys: creates the coming days, drops past ones."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from common.db import Clock, Database, Transaction, drop_days, ensure_days
from common.errors import UnavailableError
from common.runtime import Backoff, Loop, without_session
from common.settings import RelaySettings
from common.telemetry import describe, get_logger
from common.web.writes import purge

_log = get_logger(__name__)

EVERY_SECONDS = 3600.0
RETRY_SECONDS = 60.0
INBOX_DAYS = 14
"""Longer than any accidental replay of a topic; a deliberate one uses the progress table."""

_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtext('threadline.maintenance'))")


@dataclass(frozen=True, slots=True)
class Retention:
    """Drop a table's days after ``days``, except those with a row that meets ``unless`` (SQL)."""

    days: int
    unless: str = "false"


class Maintenance:
    """Keeps house at the start and every hour; one of several processes does the work."""

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
        self._purging = False
        self._loop = Loop(
            self.name,
            without_session(self.keep_house),
            retry=Backoff.constant(RETRY_SECONDS),
            survives=(UnavailableError, DBAPIError),
            on_failure=_postponed,
        )

    def healthy(self) -> str | None:
        return self._loop.healthy()

    async def run(self, stop: asyncio.Event) -> None:
        await self._loop.run(stop)

    async def keep_house(self) -> float:
        """Do one round: the days of all tables, or more of a purge that has begun.

        It works in small transactions: each drop locks its table, and no transaction may lock two.
        """
        if not self._purging:
            await self._keep_days()
        self._purging = await self._database.run(purge, now=self._clock.now()) > 0
        return 0.0 if self._purging else EVERY_SECONDS

    async def _keep_days(self) -> None:
        today = self._clock.now().date()
        for table in self._daily_tables:
            await self._database.run(self.maintain, ensure_days, [table], today=today)
        for table, keep in self._retention.items():
            before = today - timedelta(days=keep.days)
            await self._database.run(
                self.maintain, drop_days, table, before=before, unless=keep.unless
            )

    async def maintain(
        self, tx: Transaction, step: Callable[..., Any], /, *args: Any, **kwargs: Any
    ) -> None:
        """Run one step, unless another process is running one."""
        if (await tx.execute(_LOCK)).scalar_one():
            await tx.execute(text("SET LOCAL lock_timeout = '2s'"))
            await tx.run_sync(step, *args, **kwargs)


def _postponed(error: Exception) -> str:
    _log.warning("maintenance.postponed", error=describe(error))
    return f"housekeeping failed: {describe(error)}"
