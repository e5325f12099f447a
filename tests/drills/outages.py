"""Faults that come and go while the loop, and the load in it, goes on."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, asynccontextmanager

_HANDS = ThreadPoolExecutor(1, thread_name_prefix="hands")
"""One thread for all of it, which never ends: a child ends with the thread that started it."""


@asynccontextmanager
async def during(fault: AbstractContextManager[None]) -> AsyncIterator[None]:
    """Let a fault begin and end in another thread; both can take seconds."""
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(_HANDS, fault.__enter__)
    try:
        yield
    finally:
        await loop.run_in_executor(_HANDS, fault.__exit__, None, None, None)
