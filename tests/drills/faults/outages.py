"""Faults that begin and end while the event loop, and the load in it, keeps running."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager

_OPERATOR = ThreadPoolExecutor(1, thread_name_prefix="operator")
"""One thread for all faults, which never ends: children end with the thread that started them.

It does one thing after another, so a fault ends only once it has begun.
"""


@asynccontextmanager
async def during(fault: AbstractContextManager[None]) -> AsyncIterator[None]:
    """Begin and end a fault in another thread, because both can take seconds.

    A fault that has begun ends, even if the task is cancelled while it begins, lasts or ends.
    """
    begun = ExitStack()
    try:
        await asyncio.get_running_loop().run_in_executor(_OPERATOR, begun.enter_context, fault)
        yield
    finally:
        await _complete(begun.close)


async def _complete(end: Callable[[], None]) -> None:
    """Run ``end`` in the operator's thread, and pass a cancellation on only after it returns."""
    ending = asyncio.get_running_loop().run_in_executor(_OPERATOR, end)
    cancellation: asyncio.CancelledError | None = None
    while not ending.done():
        try:
            await asyncio.wait([ending])
        except asyncio.CancelledError as error:
            cancellation = error
    ending.result()
    if cancellation:
        raise cancellation
