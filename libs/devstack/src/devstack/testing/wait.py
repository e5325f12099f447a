"""How tests wait: until a condition becomes true, never for a fixed time."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar, overload

T = TypeVar("T")


@overload
async def until(
    predicate: Callable[[], Awaitable[T]], within: float = 5.0, *, every: float = 0.01
) -> T: ...


@overload
async def until(predicate: Callable[[], T], within: float = 5.0, *, every: float = 0.01) -> T: ...


async def until(
    predicate: Callable[[], T | Awaitable[T]], within: float = 5.0, *, every: float = 0.01
) -> T:
    """Call ``predicate`` until it returns a true value; return that value.

    Raises ``AssertionError`` with the last value after ``within`` seconds.
    """
    deadline = time.monotonic() + within
    while True:
        result = predicate()
        value: T = await result if inspect.isawaitable(result) else result
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within} s; last value: {value!r}")
        await asyncio.sleep(every)
