"""The time up to which a relay has published everything, open transactions included.

Note the time, then take a fresh transaction id. A row written before that time belongs to an older
transaction, because each row's transaction has its id before it reads the clock. Once no older
transaction is open, a snapshot shows all such rows; when those are sent, the noted time is reached.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from common import relay_store
from common.clock import wall_time

_NOTE = text("SELECT statement_timestamp() AS at, pg_current_xact_id()::text::bigint AS xid")

MAX_AHEAD_SECONDS = 2.0
"""A database whose clock is further ahead of this host's is not believed."""

_COUNT_SHARE = 20
"""Of this many seconds of publishing a backlog, one may go into looking for its oldest row."""


@dataclass(frozen=True, slots=True)
class _Note:
    at: datetime
    xid: int


class Watermark:
    """One shard's watermark. It only moves forward.

    Where the database's clock jumped ahead it stands: it could not be taken back, and would promise
    for hours after the clock is mended that nothing more will come.
    """

    def __init__(
        self,
        connection: AsyncConnection,
        *,
        every_seconds: float,
        wall_time: Callable[[], datetime] = wall_time,
    ) -> None:
        self._connection = connection
        self._every_seconds = every_seconds
        self._wall_time = wall_time
        self._note: _Note | None = None
        self._noted_at = 0.0
        self._count_after = 0.0
        self.reached: datetime | None = None
        self.trouble: str | None = None
        """Why it stands, if it does because of a clock."""

    async def note(self) -> None:
        """Note the time, unless an earlier note still waits or it is too soon for another."""
        if self._note is None and time.monotonic() - self._noted_at >= self._every_seconds:
            row = (await self._connection.execute(_NOTE)).one()
            self._noted_at = time.monotonic()
            ahead = (row.at - self._wall_time()).total_seconds()
            self.trouble = None
            if ahead <= MAX_AHEAD_SECONDS:
                self._note = _Note(row.at, row.xid)
            else:
                self.trouble = f"the database's clock is {ahead:.1f} s ahead of this host's"

    async def settle(
        self, batch: relay_store.Batch, *, full: bool, shard: int, shards: int
    ) -> None:
        """Move on to the noted time if ``batch``, now published, held all that came before it."""
        if self._note is None or batch.oldest_open < self._note.xid:
            return
        bounds = [self._note.at]
        if batch.held_since is not None:
            bounds.append(batch.held_since)
        if full:
            if time.monotonic() < self._count_after:
                return
            began = time.monotonic()
            oldest = await relay_store.oldest_unpublished(
                self._connection, shard=shard, shards=shards
            )
            # It looks at the whole backlog, so the longer that takes, the more seldom.
            cost = time.monotonic() - began
            self._count_after = began + max(self._every_seconds, _COUNT_SHARE * cost)
            bounds += [oldest] if oldest is not None else []
        self.reached = max(min(bounds), self.reached or min(bounds))
        self._note = None
