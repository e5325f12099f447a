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
        """Return the heartbeats that speak up to ``positions``; forget them and those before.

        Positions are next offsets. A heartbeat that the position has passed has nothing to add: the
        records after it carry watermarks as late, or the next heartbeat follows them. If its topic
        was created again, it is about other records.
        """
        taken = []
        for partition, position in positions.items():
            pending = self._pending.get(partition, [])
            passed = [beat for beat in pending if beat.offset <= position]
            taken += [beat for beat in passed if beat.offset == position]
            del pending[: len(passed)]
        return taken

    def put_back(self, heartbeats: Iterable[Heartbeat]) -> None:
        """Remember again what was taken, unless a later one has come that replaces it."""
        for heartbeat in heartbeats:
            pending = self._pending.setdefault(heartbeat.partition, [])
            if all(beat.offset > heartbeat.offset for beat in pending):
                pending.insert(0, heartbeat)
                del pending[1:-1]
