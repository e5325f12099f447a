"""Turns: long work on the event loop lets other tasks run every few milliseconds.

While other owners are active that do not crowd, it also rests after each turn, longer than the turn
took: their requests have steps outside of the process too, and would meet the next turn whenever
they return.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

T = TypeVar("T")

TURN_SECONDS = 0.002
"""How long work may hold the loop; a request has a dozen steps, and each may wait for one turn."""
RESTS = 3
"""Rests beside other owners are so many times as long as the turns."""

_others_active: ContextVar[Callable[[], bool]] = ContextVar("others_active", default=lambda: False)


@contextmanager
def resting_beside_others(others_active: Callable[[], bool]) -> Iterator[None]:
    """Within this, work rests after each turn while ``others_active`` returns true."""
    token = _others_active.set(others_active)
    try:
        yield
    finally:
        _others_active.reset(token)


class Turns:
    """One piece of work, from its first step on."""

    def __init__(self) -> None:
        self._began = time.perf_counter()

    async def give_way(self) -> None:
        """Let other tasks run if this work has held the loop for a turn."""
        taken = time.perf_counter() - self._began
        if taken >= TURN_SECONDS:
            await asyncio.sleep(RESTS * taken if _others_active.get()() else 0)
            self._began = time.perf_counter()


async def in_turns(items: Iterable[T]) -> AsyncIterator[T]:
    """Yield the items, and let other tasks run in between whenever a turn is over."""
    turns = Turns()
    for item in items:
        yield item
        await turns.give_way()
