"""Shares the places of a process among owners, so that one owner's flood makes only itself wait.

An owner that is alone may take every place. As soon as several are active, each is held to an equal
share of few places, because whatever waits inside (for the event loop, for a connection to the
database) waits in one line, and a line is short only while few stand in it.
"""

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from common.errors import UnavailableError

ACTIVE_SECONDS = 1.0
"""An owner counts as active for this long after it last asked for a place."""
WAIT_SECONDS = 10.0
"""After so long without a place, a request is refused."""
NOBODY = ""
"""The owner of what has no owner yet; active only while it holds a place or waits for one."""


@dataclass(slots=True, eq=False)
class _Turn:
    """A request that waits, and the number of places that it takes."""

    weight: int
    granted: "asyncio.Future[None]"


@dataclass(slots=True)
class _Owner:
    """``waiting`` has a line for each member of the owner; the members take turns."""

    asked_at: float = 0.0
    held: int = 0
    requests: int = 0
    waiting: OrderedDict[str, deque[_Turn]] = field(default_factory=OrderedDict)


class Shares:
    """At most ``most`` places. Several active owners share ``shared`` of them, ``least`` each.

    A request takes as many places as its weight; one that is heavier than its owner's share gets in
    while the owner has nothing else inside. A place that becomes free goes to the owner with the
    fewest places, and within it to its members in turn. An owner may have ``most`` requests, inside
    and waiting.
    """

    def __init__(
        self,
        most: int,
        *,
        shared: int,
        least: int,
        on_change: Callable[[int], None] | None = None,
        time: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = most
        self._shared = min(shared, most)
        self._least = least
        self._on_change = on_change or (lambda _: None)
        self._time = time
        self._owners: OrderedDict[str, _Owner] = OrderedDict()
        self._waiting: dict[str, _Owner] = {}
        self._held = 0
        self._inside = 0

    @property
    def contended(self) -> bool:
        """Whether more than one owner is active."""
        return len(self._owners) > 1

    async def enter(self, owner: str, member: str = "", *, weight: int = 1) -> None:
        """Take places, waiting for them if need be. Raises UnavailableError if none become free."""
        entry = self._note(owner)
        if entry.requests >= self._most:
            raise UnavailableError("the service is busy; retry later")
        entry.requests += 1
        if not entry.waiting and self._fits(entry, weight):
            self._take(entry, weight)
        else:
            await self._wait(owner, entry, member, weight)

    def leave(self, owner: str, *, weight: int = 1) -> None:
        """Give places back; they go to whoever waits with the fewest."""
        entry = self._owners[owner]
        entry.held -= weight
        entry.requests -= 1
        self._held -= weight
        self._inside -= 1
        if owner == NOBODY and not entry.requests:
            del self._owners[owner]
        self._admit()
        self._on_change(self._inside)

    def _note(self, owner: str) -> _Owner:
        """Return the owner, now the one that asked last, and forget those no longer active."""
        now = self._time()
        entry = self._owners.get(owner)
        if entry is None:
            entry = self._owners[owner] = _Owner()
        else:
            self._owners.move_to_end(owner)
        entry.asked_at = now
        while True:
            oldest, idle = next(iter(self._owners.items()))
            if idle.asked_at > now - ACTIVE_SECONDS:
                return entry
            if idle.requests:
                idle.asked_at = now
                self._owners.move_to_end(oldest)
            else:
                del self._owners[oldest]

    def _fits(self, entry: _Owner, weight: int) -> bool:
        if self._held and self._held + weight > self._most:
            return False
        return not entry.held or entry.held + weight <= self._limit()

    def _limit(self) -> int:
        if not self.contended:
            return self._most
        return max(self._least, self._shared // len(self._owners))

    def _take(self, entry: _Owner, weight: int) -> None:
        entry.held += weight
        self._held += weight
        self._inside += 1
        self._on_change(self._inside)

    async def _wait(self, owner: str, entry: _Owner, member: str, weight: int) -> None:
        turn = _Turn(weight, asyncio.get_running_loop().create_future())
        entry.waiting.setdefault(member, deque()).append(turn)
        self._waiting[owner] = entry
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await turn.granted
        except BaseException as error:
            self._give_up(owner, entry, member, turn)
            if isinstance(error, TimeoutError):
                raise UnavailableError("the service is busy; retry later") from None
            raise

    def _give_up(self, owner: str, entry: _Owner, member: str, turn: _Turn) -> None:
        """Leave the line, or give back the places that were granted in the same moment."""
        if not turn.granted.cancelled():
            self.leave(owner, weight=turn.weight)
            return
        self._drop(owner, entry, member, turn)
        entry.requests -= 1
        self._admit()

    def _admit(self) -> None:
        """Let those in that wait and fit, the owner with the fewest places first."""
        while (first := self._first_that_fits()) is not None:
            owner, entry = first
            member, line = next(iter(entry.waiting.items()))
            turn = line[0]
            entry.waiting.move_to_end(member)
            self._drop(owner, entry, member, turn)
            self._take(entry, turn.weight)
            turn.granted.set_result(None)

    def _first_that_fits(self) -> tuple[str, _Owner] | None:
        for owner, entry in sorted(self._waiting.items(), key=lambda pair: pair[1].held):
            if self._fits(entry, next(iter(entry.waiting.values()))[0].weight):
                return owner, entry
        return None

    def _drop(self, owner: str, entry: _Owner, member: str, turn: _Turn) -> None:
        """Take one out of its member's line."""
        line = entry.waiting[member]
        line.remove(turn)
        if not line:
            del entry.waiting[member]
        if not entry.waiting:
            del self._waiting[owner]
