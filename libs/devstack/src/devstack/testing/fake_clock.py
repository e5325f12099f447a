"""A clock that stands still until a test moves it."""

from datetime import UTC, datetime, timedelta

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)  # a Monday


class FakeClock:
    """Implements ``common.db.clock.Clock``."""

    def __init__(self, start: datetime = NOON) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def advance(self, seconds: float) -> datetime:
        """Move by ``seconds``, which may be negative; return the new time."""
        self._now += timedelta(seconds=seconds)
        return self._now

    def set(self, time: datetime) -> None:
        self._now = time
