"""A result that many may ask for, and that costs little however often they do."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Memo(Generic[T]):
    """Makes a result once for all who ask meanwhile, and keeps it ``factor`` times as long.

    So making it takes at most one part in ``factor`` + 1 of the time. A result is never kept longer
    than ``most_seconds``, and a failure not at all.
    """

    def __init__(
        self,
        make: Callable[[], Awaitable[T]],
        *,
        factor: float,
        most_seconds: float,
        time: Callable[[], float] = time.monotonic,
    ) -> None:
        self._make = make
        self._factor = factor
        self._most_seconds = most_seconds
        self._time = time
        self._made: asyncio.Future[T] | None = None
        self._good_until = float("-inf")

    async def get(self) -> T:
        """Return the result, made now or a moment ago; raises what making it raised."""
        if self._made is None or (self._made.done() and self._time() >= self._good_until):
            self._made = asyncio.ensure_future(self._timed())
        return await asyncio.shield(self._made)

    async def _timed(self) -> T:
        began = self._time()
        self._good_until = began
        result = await self._make()
        now = self._time()
        self._good_until = now + min(self._most_seconds, self._factor * (now - began))
        return result
