"""Run a coroutine from a plain function, even while a loop runs in this thread."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def run_in_thread(
    work: Callable[P, Coroutine[Any, Any, T]], *args: P.args, **kwargs: P.kwargs
) -> T:
    """Run ``work(...)`` on a new loop in a new thread, block until it ends, return its result."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work(*args, **kwargs)).result()
