"""The number up to which a sequence may be shown although transactions are still open.

A number is taken from a sequence before its transaction commits, so a reader that shows 7 may see 6
appear afterwards. The remedy rests on one order: a row's transaction takes its id first and its
number second. A probe notes the sequence's last value and then takes a new transaction id. Once
every older transaction has ended, no number up to the noted value can still appear.
"""

import asyncio
import time
from dataclasses import dataclass

from sqlalchemy import text

from common.db.connections import ReadConnection
from common.db.database import Database


@dataclass(frozen=True, slots=True)
class _Probe:
    last_value: int
    xid: int


class Horizon:
    """The safe upper bound of one sequence, as this process knows it."""

    def __init__(self, database: Database, sequence: str, *, patience_seconds: float = 0.1) -> None:
        self._database = database
        self._sequence = sequence
        self._patience_seconds = patience_seconds
        self._pending: _Probe | None = None
        self._safe = 0
        self._lock = asyncio.Lock()

    async def safe_sequence(self) -> int:
        """Return a number N such that no row with a number up to N can still appear.

        Waits briefly for open transactions; if one stays open, the last bound holds.
        """
        give_up_at = time.monotonic() + self._patience_seconds
        async with self._lock:
            await self._resolve_pending()
            # The caller's own last write must be within the bound, so each call probes again.
            newest = await self._database.read(_probe, self._sequence)
            while await self._database.read(_oldest_open) < newest.xid:
                if time.monotonic() > give_up_at:
                    # Keep the older probe: replacing it each time, none might ever resolve.
                    self._pending = self._pending or newest
                    return self._safe
                await asyncio.sleep(0.005)
            self._safe, self._pending = newest.last_value, None
            return self._safe

    async def _resolve_pending(self) -> None:
        if self._pending and await self._database.read(_oldest_open) >= self._pending.xid:
            self._safe, self._pending = self._pending.last_value, None


async def _probe(connection: ReadConnection, sequence: str) -> _Probe:
    result = await connection.execute(
        text(
            f"SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END AS last_value,"
            f" pg_current_xact_id()::text::bigint AS xid FROM {sequence}"
        )
    )
    row = result.one()
    return _Probe(row.last_value, row.xid)


async def _oldest_open(connection: ReadConnection) -> int:
    result = await connection.execute(
        text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
    )
    oldest: int = result.scalar_one()
    return oldest
