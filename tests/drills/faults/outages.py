"""Faults that begin and end while the event loop, and the load in it, keeps running."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, asynccontextmanager

_OPERATOR = ThreadPoolExecutor(1, thread_name_prefix="operator")
"""One thread for all faults, which never ends: children end with the thread that started them."""


@asynccontextmanager
async def during(fault: AbstractContextManager[None]) -> AsyncIterator[None]:
    """Begin and end a fault in another thread, because both can take seconds."""
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(_OPERATOR, fault.__enter__)
    try:
        yield
    finally:
        await loop.run_in_executor(_OPERATOR, fault.__exit__, None, None, None)
