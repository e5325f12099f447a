"""The time up to which a relay has published everything, open transactions included.

Each look at the outbox notes its time and, after it, the next transaction id. A row written before
that time belongs to an older transaction, because each row's transaction has its id before it reads
the clock. Once no older transaction is open, a snapshot shows all such rows; when those are sent,
the noted time is reached. Where nothing is open at all, that is the very same look.

How far a snapshot's rows go is told by the position given out last. It must not be told by when
they were written: what a row tells of may have happened long before, if it was input that was held.
"""

from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from common.db import wall_time
from common.messaging.outbox import relay_store
from common.messaging.outbox.relay_store import Moment

MAX_AHEAD_SECONDS = 2.0
"""A database whose clock is further ahead of this host's is not believed."""

_MOST_AHEAD = 1_000
"""So many steps ahead are remembered; behind a longer backlog they are wider."""


class _Step(NamedTuple):
    """When the rows up to ``position`` are published, all that happened before ``until`` is."""

    position: int
    until: datetime


class Watermark:
    """One shard's watermark. It only moves forward.

    Where the database's clock jumped ahead it stands: it could not be taken back, and would promise
    for hours after the clock is mended that nothing more will come.
    """

    def __init__(self, *, wall_time: Callable[[], datetime] = wall_time) -> None:
        self._wall_time = wall_time
        self._waiting: Moment | None = None
        self._ahead: deque[_Step] = deque()
        self.reached: datetime | None = None
        self.trouble: str | None = None
        """Why it stands, if it does because of a clock."""

    def settle(self, batch: relay_store.Batch, *, full: bool) -> None:
        """Move on as far as ``batch``, now published, and those before it allow.

        One that is not ``full`` held all that its snapshot shows. Of one whose topics were not all
        open nothing can be told: leave it out.
        """
        if not self._believes(batch.moment.at):
            return
        noted = self._seen_whole(batch)
        if noted is not None:
            self._note(_Step(batch.last_position, min(noted, batch.held_since or noted)))
        while self._ahead and (not full or self._ahead[0].position <= batch.rows[-1].position):
            until = self._ahead.popleft().until
            self.reached = max(until, self.reached or until)

    def _note(self, step: _Step) -> None:
        if len(self._ahead) == _MOST_AHEAD:
            self._ahead.pop()
        self._ahead.append(step)

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
