"""Heartbeats that a consumer has read but not reached."""

from collections.abc import Iterable, Mapping

from common.messaging.watermarks.heartbeat import Heartbeat


class PendingHeartbeats:
    """Remembers two heartbeats of each partition: the first to be reached, and the latest.

    If only the latest were remembered, a consumer that is always a little behind would reach none.
    A heartbeat that speaks for no later offset than those before it replaces them.
    """

    def __init__(self) -> None:
        self._pending: dict[int, list[Heartbeat]] = {}

    def note(self, heartbeat: Heartbeat) -> None:
        pending = self._pending.setdefault(heartbeat.partition, [])
        while pending and pending[-1].offset >= heartbeat.offset:
            pending.pop()
        pending[1:] = [heartbeat] if pending else []
        if not pending:
            pending.append(heartbeat)

    def take(self, positions: Mapping[int, int]) -> list[Heartbeat]:
        """Return the latest heartbeat of each partition that its position has reached; forget it.

        ``positions`` are next offsets.
        """
        taken = []
        for partition, position in positions.items():
            pending = self._pending.get(partition, [])
            reached = [beat for beat in pending if beat.offset <= position]
            if reached:
                taken.append(reached[-1])
                del pending[: len(reached)]
        return taken

    def put_back(self, heartbeats: Iterable[Heartbeat]) -> None:
        """Remember again what was taken, unless a later one has come that replaces it."""
        for heartbeat in heartbeats:
            pending = self._pending.setdefault(heartbeat.partition, [])
            if all(beat.offset > heartbeat.offset for beat in pending):
                pending.insert(0, heartbeat)
                del pending[1:-1]
