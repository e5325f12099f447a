"""The only way a test waits: for something to become true."""

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
    """Call ``predicate`` until it returns something true, and return that.

    Raises ``AssertionError`` with its last answer after ``within`` seconds.
    """
    deadline = time.monotonic() + within
    while True:
        answer = predicate()
        value: T = await answer if inspect.isawaitable(answer) else answer
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within} s; last answer: {value!r}")
        await asyncio.sleep(every)
