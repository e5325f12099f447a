"""Shares the places of a process among owners, so that one owner's flood makes only itself wait.

An owner that is alone may take every place. As soon as several are active, each is held to an equal
share of few places, because whatever waits inside (for the event loop, for a connection to the
database) waits in one line, and a line is short only while few stand in it.

An owner that keeps many requests going, inside and waiting, is *crowding*. While others are active
that do not, those that crowd enter by *lots*: several requests at once, and the next lot when
the last is out. What comes at once shares batches and commits, so a lot costs little more than one
request, and any other request waits behind one lot at most.
"""

import asyncio
import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from common.errors import UnavailableError

ACTIVE_SECONDS = 1.0
"""An owner counts as active for this long after it last asked for a place."""
WAIT_SECONDS = 10.0
"""After so long without a place, a request is refused that names no other time."""
CROWDING = 4.0
"""An owner crowds whose requests, averaged over the last second or so, are more than these."""
AVERAGED_SECONDS = 1.0
HEAVY_ALONE, HEAVY_BESIDE = 2, 1
"""How many heavy requests of an owner are inside at once: while one is outside of the process, for
the database say, another can use the loop; more would only wait for each other."""
NOBODY = ""
"""The owner of what has no owner yet; active only while it holds a place or waits for one."""


@dataclass(slots=True, eq=False)
class _Turn:
    """A request that waits, and the number of places that it takes."""

    weight: int
    granted: "asyncio.Future[None]"


@dataclass(slots=True)
class _Owner:
    """``waiting`` has a line for each member of the owner; the members take turns.

    ``load`` is the moving average of ``requests``, which are inside or wait, at ``counted_at``.
    ``heavy`` requests are inside.
    """

    name: str
    asked_at: float = 0.0
    held: int = 0
    heavy: int = 0
    requests: int = 0
    waiting: OrderedDict[str, deque[_Turn]] = field(default_factory=OrderedDict)
    load: float = 0.0
    counted_at: float = 0.0

    @property
    def crowds(self) -> bool:
        return self.load > CROWDING

    def count(self, change: int, now: float) -> None:
        """Add to the requests, or take away."""
        faded = math.exp((self.counted_at - now) / AVERAGED_SECONDS)
        average = self.requests + (self.load - self.requests) * faded
        self.load, self.counted_at = min(average, 2 * CROWDING), now
        self.requests += change


class Shares:
    """At most ``most`` places. Several active owners share ``shared`` of them, ``least`` each.

    A request takes as many places as its weight; one that is heavier than its owner's share gets in
    while the owner has nothing else inside. Of an owner's heavy requests, which weigh more than
    one, few are inside at once. A place that becomes free goes to the owner with the fewest places,
    and within it to its members in turn. An owner may have ``most`` requests, inside and waiting.
    Owners that crowd while others do not enter by lots of ``lot`` places.
    """

    def __init__(
        self,
        most: int,
        *,
        shared: int,
        least: int,
        lot: int,
        on_change: Callable[[int], None] | None = None,
        time: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = most
        self._shared = min(shared, most)
        self._least = least
        self._lot = lot
        self._on_change = on_change or (lambda _: None)
        self._time = time
        self._owners: OrderedDict[str, _Owner] = OrderedDict()
        self._crowding: dict[str, _Owner] = {}
        self._waiting: OrderedDict[str, _Owner] = OrderedDict()
        self._held = 0
        self._inside = 0
        self._room = 0
        """Places left in the lot that is entering."""

    @property
    def contended(self) -> bool:
        """Whether more than one owner is active."""
        return self._active() > 1

    def has_modest_beside(self, owner: str) -> bool:
        """Whether another owner is active that does not crowd."""
        own = self._owners.get(owner)
        return self._count_modest() > (own is not None and not own.crowds)

    async def enter(
        self,
        owner: str,
        member: str = "",
        *,
        weight: int = 1,
        patience_seconds: float = WAIT_SECONDS,
        before_waiting: Callable[[], None] | None = None,
    ) -> None:
        """Take places, waiting for them if need be. Raises UnavailableError if none become free."""
        entry = self._note(owner)
        if entry.requests >= self._most:
            raise UnavailableError("the service is busy; retry later")
        self._count(entry, 1)
        self._open_lot()
        if not self._is_behind_others(entry, weight) and self._fits(entry, weight):
            self._take(entry, weight)
            return
        if before_waiting is not None:
            before_waiting()
        await self._wait(entry, member, weight, patience_seconds)

    def leave(self, owner: str, *, weight: int = 1) -> None:
        """Give places back; they go to whoever waits with the fewest.

        They are free from the next turn of the event loop on. So requests that are answered at once
        do not follow each other within one turn, and others run in between.
        """
        entry = self._owners[owner]
        self._count(entry, -1)
        asyncio.get_running_loop().call_soon(self._give_back, entry, weight)

    def _give_back(self, entry: _Owner, weight: int) -> None:
        entry.held -= weight
        entry.heavy -= weight > 1
        self._held -= weight
        self._inside -= 1
        self._admit()
        self._on_change(self._inside)

    def _note(self, owner: str) -> _Owner:
        """Return the owner, now the one that asked last, and forget those no longer active."""
        now = self._time()
        entry = self._owners.get(owner)
        if entry is None:
            entry = self._owners[owner] = _Owner(owner, counted_at=now)
        else:
            self._owners.move_to_end(owner)
        entry.asked_at = now
        while True:
            idle = next(iter(self._owners.values()))
            if idle.asked_at > now - ACTIVE_SECONDS:
                return entry
            if idle.requests or idle.held:
                idle.asked_at = now
                self._owners.move_to_end(idle.name)
            else:
                del self._owners[idle.name]
                self._crowding.pop(idle.name, None)

    def _active(self) -> int:
        """Return how many owners are active; strangers are only while one of them has a request."""
        nobody = self._owners.get(NOBODY)
        return len(self._owners) - (nobody is not None and not nobody.requests)

    def _count(self, entry: _Owner, change: int) -> None:
        entry.count(change, self._time())
        if entry.crowds:
            self._crowding[entry.name] = entry
        else:
            self._crowding.pop(entry.name, None)

    def _fits(self, entry: _Owner, weight: int) -> bool:
        if self._held and self._held + weight > self._most:
            return False
        if weight > 1 and self._has_enough_heavy(entry):
            return False
        if entry.crowds and self._enters_by_lots():
            return weight <= self._room or self._room == self._lot
        return not entry.held or entry.held + weight <= self._limit()

    def _is_behind_others(self, entry: _Owner, weight: int) -> bool:
        """Whether others of the owner come first; those that wait for a heavy one do not."""
        return bool(entry.waiting) and (weight > 1 or not self._has_enough_heavy(entry))

    def _has_enough_heavy(self, entry: _Owner) -> bool:
        return entry.heavy >= (HEAVY_BESIDE if self.contended else HEAVY_ALONE)

    def _enters_by_lots(self) -> bool:
        return self._count_modest() > 0

    def _count_modest(self) -> int:
        """Return how many owners are active that do not crowd; strangers do not count as one."""
        strangers = NOBODY in self._owners and NOBODY not in self._crowding
        return len(self._owners) - len(self._crowding) - strangers

    def _open_lot(self) -> None:
        """Start a lot if the last one is out."""
        inside = any(entry.held for entry in self._crowding.values())
        self._room = 0 if inside else self._lot

    def _limit(self) -> int:
        if not self.contended:
            return self._most
        return max(self._least, self._shared // self._active())

    def _take(self, entry: _Owner, weight: int) -> None:
        entry.held += weight
        entry.heavy += weight > 1
        if entry.crowds:
            self._room = max(0, self._room - weight)
        self._held += weight
        self._inside += 1
        self._on_change(self._inside)

    async def _wait(self, entry: _Owner, member: str, weight: int, seconds: float) -> None:
        turn = _Turn(weight, asyncio.get_running_loop().create_future())
        entry.waiting.setdefault(member, deque()).append(turn)
        self._waiting[entry.name] = entry
        try:
            async with asyncio.timeout(seconds):
                await turn.granted
        except BaseException as error:
            self._give_up(entry, member, turn)
            if isinstance(error, TimeoutError):
                raise UnavailableError("the service is busy; retry later") from None
            raise

    def _give_up(self, entry: _Owner, member: str, turn: _Turn) -> None:
        """Leave the line, or give back the places that were granted in the same moment."""
        if turn.granted.done() and not turn.granted.cancelled():
            self.leave(entry.name, weight=turn.weight)
            return
        self._drop(entry, member, turn)
        self._count(entry, -1)
        self._admit()

    def _admit(self) -> None:
        """Let those in that wait and fit, the owner with the fewest places first."""
        self._open_lot()
        while (first := self._first_that_fits()) is not None:
            entry, member, turn = first
            entry.waiting.move_to_end(member)
            self._waiting.move_to_end(entry.name)
            self._drop(entry, member, turn)
            if not turn.granted.cancelled():
                self._take(entry, turn.weight)
                turn.granted.set_result(None)

    def _first_that_fits(self) -> tuple[_Owner, str, _Turn] | None:
        for entry in sorted(self._waiting.values(), key=lambda entry: entry.held):
            for member, line in entry.waiting.items():
                if self._fits(entry, line[0].weight):
                    return entry, member, line[0]
        return None

    def _drop(self, entry: _Owner, member: str, turn: _Turn) -> None:
        """Take one out of its member's line, if it is there."""
        line = entry.waiting.get(member)
        if line is None or turn not in line:
            return
        line.remove(turn)
        if not line:
            del entry.waiting[member]
        if not entry.waiting:
            del self._waiting[entry.name]
