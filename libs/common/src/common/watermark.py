"""The time up to which a relay has published everything, open transactions included.

Each look at the outbox notes its time and, after it, the next transaction id. A row written before
that time belongs to an older transaction, because each row's transaction has its id before it reads
the clock. Once no older transaction is open, a snapshot shows all such rows; when those are sent,
the noted time is reached. Where nothing is open at all, that is the very same look.
"""

import time
from collections.abc import Callable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from common import relay_store
from common.clock import wall_time
from common.relay_store import Moment

MAX_AHEAD_SECONDS = 2.0
"""A database whose clock is further ahead of this host's is not believed."""

_COUNT_SHARE = 20
"""Of this many seconds of publishing a backlog, one may go into looking for its oldest row."""


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
        self._waiting: Moment | None = None
        self._count_after = 0.0
        self.reached: datetime | None = None
        self.trouble: str | None = None
        """Why it stands, if it does because of a clock."""

    async def settle(
        self, batch: relay_store.Batch, *, full: bool, shard: int, shards: int
    ) -> None:
        """Move on to a noted time if ``batch``, now published, held all that came before it.

        A ``full`` one may not: then the oldest row that is left is looked for, at most every
        ``every_seconds``.
        """
        if not self._believes(batch.moment.at) or (full and time.monotonic() < self._count_after):
            return
        noted = self._seen_whole(batch)
        if noted is None:
            return
        bounds = [noted]
        if batch.held_since is not None:
            bounds.append(batch.held_since)
        if full:
            bounds += await self._oldest_left(shard, shards)
        self.reached = max(min(bounds), self.reached or min(bounds))

    def _believes(self, at: datetime) -> bool:
        ahead = (at - self._wall_time()).total_seconds()
        believed = ahead <= MAX_AHEAD_SECONDS
        self.trouble = (
            None if believed else f"the database's clock is {ahead:.1f} s ahead of this host's"
        )
        return believed

    def _seen_whole(self, batch: relay_store.Batch) -> datetime | None:
        """Return the latest noted time before which this snapshot shows everything.

        One moment waits at a time. If each look replaced it, there might always be something open.
        """
        waiting, now = self._waiting or batch.moment, batch.moment
        if batch.oldest_open >= now.next_xid:
            self._waiting = None
            return now.at
        if batch.oldest_open >= waiting.next_xid:
            self._waiting = now
            return waiting.at
        self._waiting = waiting
        return None

    async def _oldest_left(self, shard: int, shards: int) -> list[datetime]:
        began = time.monotonic()
        oldest = await relay_store.oldest_unpublished(self._connection, shard=shard, shards=shards)
        # It looks at the whole backlog, so the longer that takes, the more seldom.
        cost = time.monotonic() - began
        self._count_after = began + max(self._every_seconds, _COUNT_SHARE * cost)
        return [] if oldest is None else [oldest]
