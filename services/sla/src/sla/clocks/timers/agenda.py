"""When a timer has to act next, and for which partitions it has waited long enough."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sla.clocks.domain.due import Moment, known_until
from sla.clocks.store.clocks import Agenda, Partition


@dataclass(frozen=True, slots=True)
class Patience:
    """How many seconds a deadline waits for what its source may still tell.

    ``grace`` for what is on its way, ``hold`` for a source that is silent, ``longest_hold`` for
    one that is only behind.
    """

    grace: float = 0.1
    hold: float = 30.0
    longest_hold: float = 300.0


class StalledSources:
    """Which partitions' watermarks have stood still, by the monotonic clock of this process.

    Whoever could not look, because the database was away or the process frozen, cannot say that
    nothing moved: what kept us from looking kept the source from being heard. So it begins anew
    after half of the patience without a look.
    """

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._seen: dict[int, tuple[datetime | None, float]] = {}
        self._looked_at = 0.0

    def holds(self, agenda: Agenda, *, at: float) -> dict[int, float]:
        """Return for each partition how many seconds a deadline waits for its source."""
        if at - self._looked_at > self._patience.hold / 2:
            self._seen.clear()
        self._looked_at = at
        return {p.number: self._hold(p, at) for p in agenda.partitions}

    def _hold(self, partition: Partition, at: float) -> float:
        watermark, since = self._seen.get(partition.number, (None, at))
        if partition.number not in self._seen or watermark != partition.watermark:
            self._seen[partition.number] = (partition.watermark, at)
            since = at
        still = at - since >= self._patience.hold
        return self._patience.hold if still else self._patience.longest_hold


def ready(agenda: Agenda, holds: dict[int, float], patience: Patience) -> bool:
    """Say whether a claim would find anything."""
    return any(_ready(agenda.now, p, holds[p.number], patience) for p in agenda.partitions)


def _ready(now: datetime, partition: Partition, hold: float, patience: Patience) -> bool:
    known = known_until(partition.watermark, now=now, grace_seconds=patience.grace)
    time = Moment(now, known, now - timedelta(seconds=hold))
    due, confirm = partition.next_fire_at, partition.confirm_at
    return (due is not None and time.ripe(due)) or (confirm is not None and time.certain(confirm))


def seconds_to_next(agenda: Agenda, *, nearest: float, farthest: float) -> float:
    """Return how long nothing can become due, within limits.

    Something overdue waits for its source, which may be heard from at any moment: ``nearest``.
    """
    times = [p.next_fire_at for p in agenda.partitions if p.next_fire_at is not None]
    if any(p.confirm_at is not None for p in agenda.partitions):
        return nearest
    if not times:
        return farthest
    ahead = (min(times) - agenda.now).total_seconds()
    return min(max(ahead, nearest), farthest)
