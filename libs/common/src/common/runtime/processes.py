"""Running the parts of a process together: they start together, and stop in order on a signal."""

import asyncio
import gc
import signal
from collections.abc import Iterable
from typing import Protocol

from common.telemetry import describe, get_logger

_log = get_logger(__name__)

STOP_DEADLINE_SECONDS = 20.0

_COLLECT_AFTER = 50_000
"""Containers made and not freed before garbage is looked for: more than a batch of 500 events."""


class Component(Protocol):
    """A part of a process that runs until it is told to stop."""

    name: str

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop`` is set, then finish what is in hand and return."""
        ...

    def healthy(self) -> str | None:
        """Return None when all is well, or the reason why not."""
        ...


async def run_components(components: Iterable[Component], stop: asyncio.Event) -> None:
    """Run all until ``stop``; when one fails, the others are stopped and its error is raised.

    After ``stop`` each has 20 s to finish; then it is cancelled, which loses nothing that was
    acknowledged, because nothing is acknowledged before it is committed.
    """
    tasks = {asyncio.create_task(c.run(stop), name=c.name) for c in components}
    stopping = asyncio.create_task(_wait(stop), name="stop")
    try:
        await asyncio.wait({stopping, *tasks}, return_when=asyncio.FIRST_COMPLETED)
        stop.set()
        _, late = await asyncio.wait(tasks, timeout=STOP_DEADLINE_SECONDS) if tasks else ((), ())
        for task in late:
            _log.warning("process.component_cancelled", component=task.get_name())
    finally:
        for task in {stopping, *tasks}:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    for task, result in zip(tasks, results, strict=True):
        if isinstance(result, Exception):
            _log.error("process.component_failed", component=task.get_name(),
                       error=describe(result))  # fmt: skip
            raise result


async def _wait(stop: asyncio.Event) -> None:
    await stop.wait()


def spare_garbage_collection() -> None:
    """Leave everything built so far out of garbage collection, and collect more seldom.

    What is built once is never garbage, and what a batch or a request makes is freed by reference
    counts; looking through all of it again and again took a fifth of a consumer's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER, 10, 10)


def stop_on_signals(stop: asyncio.Event) -> None:
    """Set ``stop`` on SIGTERM and SIGINT."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
