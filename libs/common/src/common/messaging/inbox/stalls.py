"""What a member of a consumer group can be stuck in. The Kafka client signals none of it."""

import time
from collections.abc import Callable


class Stalls:
    """Knows when the member last heard of the broker, of its group and of progress."""

    def __init__(
        self, stalled_seconds: float, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._stalled_seconds = stalled_seconds
        self._monotonic = monotonic
        self._rejoining_since: float | None = None
        self.started()

    def started(self) -> None:
        self._answered_at = self._moved_at = self._monotonic()

    def answered(self) -> None:
        """Note that the broker has answered."""
        self._answered_at = self._monotonic()

    def moved(self) -> None:
        """Note that a batch was applied."""
        self._moved_at = self._monotonic()

    def revoked(self) -> None:
        """Note that the group is being rearranged."""
        self._rejoining_since = self._monotonic()

    def assigned(self) -> None:
        """Note that the group has let this member in."""
        self._rejoining_since = None

    def reason(self, *, waiting: bool) -> str | None:
        """Return what the member is stuck in; ``waiting`` says that there are records to read."""
        now = self._monotonic()
        if now - self._answered_at > self._stalled_seconds:
            return "the broker does not answer"
        if self._rejoining_since and now - self._rejoining_since > self._stalled_seconds:
            return "the group does not let this member in again"
        if not waiting:
            self._moved_at = now  # An idle hour must not count against the record that ends it.
        elif now - self._moved_at > self._stalled_seconds:
            return "there are records to read but nothing moves"
        return None
