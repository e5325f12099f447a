"""How tests wait: until a condition becomes true, never for a fixed time."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar, overload

from devstack.servers.patience import patient

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

    Raises ``AssertionError`` with the last value after ``within`` seconds, and more on a busy
    machine.
    """
    began = time.monotonic()
    while True:
        result = predicate()
        value: T = await result if inspect.isawaitable(result) else result
        if value:
            return value
        waited = time.monotonic() - began
        if waited > within and waited > patient(within):
            raise AssertionError(f"not within {waited:.1f} s; last value: {value!r}")
        await asyncio.sleep(every)
