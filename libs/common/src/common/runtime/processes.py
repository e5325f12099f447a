"""Runs the components of a process: they start together, and stop in order on a signal."""

import asyncio
import gc
import signal
from collections.abc import Iterable
from typing import Protocol

from common.telemetry import describe, get_logger

_log = get_logger(__name__)

STOP_DEADLINE_SECONDS = 20.0

_COLLECT_AFTER = 50_000
"""How many more containers may be made than freed before a collection: over 500 events' worth."""


class Component(Protocol):
    """A part of a process that runs until it is told to stop."""

    name: str

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop`` is set, then finish the work under way and return."""
        ...

    def healthy(self) -> str | None:
        """Return None when all is well, otherwise what is wrong."""
        ...


async def run_components(components: Iterable[Component], stop: asyncio.Event) -> None:
    """Run all until ``stop``; if one fails, stop the others and raise its error.

    After ``stop`` each has 20 s to finish and is then cancelled. Nothing that was acknowledged is
    lost, because nothing is acknowledged before it is committed.
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
    """Freeze everything built so far out of garbage collection, and collect less often.

    Objects of the start are never garbage, and those of a batch or a request are freed by reference
    counts. Scanning them all again and again took a fifth of a consumer's time (docs/adr/0033).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER, 10, 10)


def stop_on_signals(stop: asyncio.Event) -> None:
    """Set ``stop`` on SIGTERM and SIGINT."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
