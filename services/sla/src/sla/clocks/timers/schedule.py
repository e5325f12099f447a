"""When a timer must act next, and how long each partition's deadlines wait for the source."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sla.clocks.domain.due import TimeView, known_until
from sla.clocks.store.due_clocks import PartitionSchedule, Schedule
from sla.settings import TimerSettings


class StalledSources:
    """Which partitions' watermarks have stood still, by the monotonic clock of this process.

    A process that could not look, because the database was away or the process frozen, cannot
    claim that a watermark stood still: the same cause may have stopped the consumer. So observation
    starts again after a gap of half of ``hold_seconds``.
    """

    def __init__(self, settings: TimerSettings) -> None:
        self._settings = settings
        self._seen: dict[int, tuple[datetime | None, float]] = {}
        self._looked_at = 0.0

    def holds(self, schedule: Schedule, *, at: float) -> dict[int, float]:
        """Return for each partition how many seconds a deadline waits for its source."""
        if at - self._looked_at > self._settings.hold_seconds / 2:
            self._seen.clear()
        self._looked_at = at
        return {partition.number: self._hold(partition, at) for partition in schedule.partitions}

    def _hold(self, partition: PartitionSchedule, at: float) -> float:
        watermark, since = self._seen.get(partition.number, (None, at))
        if partition.number not in self._seen or watermark != partition.watermark:
            self._seen[partition.number] = (partition.watermark, at)
            since = at
        if at - since >= self._settings.hold_seconds:
            return self._settings.hold_seconds
        return self._settings.longest_hold_seconds


def has_due_clocks(schedule: Schedule, holds: Mapping[int, float], *, grace_seconds: float) -> bool:
    """Return whether a claim would find a clock."""
    return any(
        _is_due(schedule.now, partition, holds[partition.number], grace_seconds)
        for partition in schedule.partitions
    )


def _is_due(
    now: datetime, partition: PartitionSchedule, hold_seconds: float, grace_seconds: float
) -> bool:
    known = known_until(partition.watermark, now=now, grace_seconds=grace_seconds)
    time = TimeView(now, known, now - timedelta(seconds=hold_seconds))
    fire_at, confirm_at = partition.next_fire_at, partition.confirm_at
    return (fire_at is not None and time.is_due(fire_at)) or (
        confirm_at is not None and time.is_certain(confirm_at)
    )


def waits_for_source(schedule: Schedule, *, soon_seconds: float) -> bool:
    """Return whether a clock is due within ``soon_seconds``, is overdue, or is unconfirmed."""
    soon = schedule.now + timedelta(seconds=soon_seconds)
    return any(
        p.confirm_at is not None or (p.next_fire_at is not None and p.next_fire_at <= soon)
        for p in schedule.partitions
    )


def seconds_to_next(schedule: Schedule, *, nearest: float, farthest: float) -> float:
    """Return for how long nothing can become due, between ``nearest`` and ``farthest``.

    A clock that is overdue waits for its source, whose watermark may move at any time: ``nearest``.
    """
    fire_times = [p.next_fire_at for p in schedule.partitions if p.next_fire_at is not None]
    if any(p.confirm_at is not None for p in schedule.partitions):
        return nearest
    if not fire_times:
        return farthest
    ahead = (min(fire_times) - schedule.now).total_seconds()
    return min(max(ahead, nearest), farthest)
