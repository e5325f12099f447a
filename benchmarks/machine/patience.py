"""Waits as long as something moves: on a busy machine everything only takes longer."""

import time
from collections.abc import Callable

STALLED_SECONDS = 120.0
"""Nothing that we measure stands still for so long, however busy the machine is."""


class StalledError(RuntimeError):
    """What a measurement waits for makes no progress."""


class Patience:
    """Watches a number that changes while there is progress."""

    def __init__(
        self,
        what: str,
        *,
        seconds: float = STALLED_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._what = what
        self._seconds = seconds
        self._clock = clock
        self._last: float | None = None
        self._since = clock()

    def see(self, progress: float) -> None:
        """Note how far it has got. Raises ``StalledError`` if that has not changed for too long."""
        now = self._clock()
        if progress != self._last:
            self._last, self._since = progress, now
        elif now - self._since > self._seconds:
            raise StalledError(
                f"{self._what}: no progress for {self._seconds:.0f} s, at {progress:,g}"
            )
