"""The time up to which a relay has published everything, open transactions included.

Each look at the outbox notes its time and then the next transaction id: a probe. A row written
before that time belongs to an older transaction, because each row's transaction has its id before
it reads the clock. Once no older transaction is open, a snapshot shows all such rows; when those
are sent, the noted time is reached. If no transaction is open at all, one look is enough.

The last position that was handed out tells how far a snapshot's rows go. The times at which they
were written cannot: if input was held, a row may report what happened long before.
"""

from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from common.db import wall_time
from common.messaging.outbox import relay_store
from common.messaging.outbox.relay_store import Probe

MAX_AHEAD_SECONDS = 2.0
"""How far the database's clock may be ahead of this host's and still be believed."""

_MOST_AHEAD = 1_000
"""How many steps ahead are remembered; behind a longer backlog the steps get wider."""


class _Step(NamedTuple):
    """When the rows up to ``position`` are published, all that happened before ``until`` is."""

    position: int
    until: datetime


class Watermark:
    """One shard's watermark. It only moves forward.

    While the database's clock is ahead of this host's, the watermark stands still: it could not be
    taken back, and would go on promising for hours after the clock is corrected that nothing more
    will come.
    """

    def __init__(self, *, wall_time: Callable[[], datetime] = wall_time) -> None:
        self._wall_time = wall_time
        self._waiting: Probe | None = None
        self._ahead: deque[_Step] = deque()
        self.reached: datetime | None = None
        self.trouble: str | None = None
        """Why it stands still, if a clock is the reason."""

    @property
    def is_waiting(self) -> bool:
        """Whether an earlier time waits for open transactions, or for rows ahead."""
        return self._waiting is not None or bool(self._ahead)

    def advance(self, batch: relay_store.Batch, *, full: bool) -> None:
        """Advance as far as ``batch``, now published, and those before it allow.

        A batch that is not ``full`` held everything that its snapshot shows. Leave out batches for
        which some topics were closed: they prove nothing.
        """
        if not self._believes(batch.probe.at):
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

        One probe waits at a time. If each look replaced it, something might always be open.
        """
        waiting, now = self._waiting or batch.probe, batch.probe
        if batch.oldest_open >= now.next_xid:
            self._waiting = None
            return now.at
        if batch.oldest_open >= waiting.next_xid:
            self._waiting = now
            return waiting.at
        self._waiting = waiting
        return None
