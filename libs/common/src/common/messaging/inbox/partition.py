"""One assigned partition, as the member of the group that consumes it sees it."""

import time
from dataclasses import dataclass

from common.runtime import Backoff

MAX_BACKOFF_SECONDS = 30.0
LOT_SECONDS = 0.1
"""A batch should take this long: what comes behind it, another tenant's perhaps, waits for it."""
LEAST_LOT = 50
"""Smaller batches cost more than they spare the others."""
BACKOFF = Backoff(0.1, most_seconds=MAX_BACKOFF_SECONDS, jitter=0.5)


@dataclass(slots=True)
class Partition:
    """Where a partition stands, and until when it waits after a failure.

    ``position`` is the next offset to apply, as the database has confirmed it. Nothing is applied
    while it is None. ``lot`` is how many records the next batch may have, never
    more than ``most``.
    """

    number: int
    most: int = 500
    position: int | None = None
    lot: int = LEAST_LOT
    failures: int = 0
    resume_at: float | None = None

    @property
    def unconfirmed(self) -> bool:
        """Whether the database has to be asked for the position now."""
        return self.position is None and self.resume_at is None

    def advance(self, position: int) -> None:
        """Note that a batch was applied, unless the position was lost in between."""
        if self.position is not None:
            self.position = position
        self.failures = 0

    def size_lot(self, records: int, seconds: float) -> None:
        """Fit the next batch to what the last one took; one that was not full says too little."""
        if records >= self.lot:
            fitting = int(records * LOT_SECONDS / max(seconds, LOT_SECONDS / 2))
            self.lot = min(max(LEAST_LOT, fitting), self.most)

    def back_off(self) -> None:
        """Wait after a failure, the longer the more have failed in a row.

        Part of the batch may be committed already, so the position has to be confirmed again.
        """
        self.failures += 1
        self.resume_at = time.monotonic() + BACKOFF.seconds(self.failures)
        self.position = None

    def end_wait(self) -> bool:
        """End the wait if it is over; return whether it was."""
        if self.resume_at is None or time.monotonic() < self.resume_at:
            return False
        self.resume_at = None
        return True
