"""Turns: long work on the event loop lets other tasks run every few milliseconds."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from typing import TypeVar

T = TypeVar("T")

TURN_SECONDS = 0.002
"""How long work may hold the loop; a request has a dozen steps, and each may wait for one turn."""


class Turns:
    """One piece of work, from its first step on."""

    def __init__(self) -> None:
        self._began = time.perf_counter()

    async def give_way(self) -> None:
        """Let other tasks run if this work has held the loop for a turn."""
        if time.perf_counter() - self._began >= TURN_SECONDS:
            await asyncio.sleep(0)
            self._began = time.perf_counter()


async def in_turns(items: Iterable[T]) -> AsyncIterator[T]:
    """Yield the items, and let other tasks run in between whenever a turn is over."""
    turns = Turns()
    for item in items:
        yield item
        await turns.give_way()
