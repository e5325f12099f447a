"""A circuit breaker: no calls to a service that fails, and a probe once a second."""

import time
from collections.abc import Callable


class Breaker:
    """Opens after ``threshold`` failures in a row; then lets one call through per interval.

    It counts the failures of this process only.
    """

    def __init__(
        self,
        *,
        threshold: int = 5,
        probe_seconds: float = 1.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._threshold = threshold
        self._probe_seconds = probe_seconds
        self._monotonic = monotonic
        self._failures = 0
        self._next_probe_at = 0.0

    @property
    def open(self) -> bool:
        return self._failures >= self._threshold

    def allows(self) -> bool:
        """Return whether a call may be made now; while open, True uses up the interval's probe."""
        if not self.open:
            return True
        now = self._monotonic()
        if now < self._next_probe_at:
            return False
        self._next_probe_at = now + self._probe_seconds
        return True

    def succeeded(self) -> None:
        self._failures = 0

    def failed(self) -> None:
        self._failures += 1
        if self.open:
            self._next_probe_at = self._monotonic() + self._probe_seconds
