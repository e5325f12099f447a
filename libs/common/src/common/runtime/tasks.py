"""Background tasks that stay referenced: the event loop itself keeps only weak references."""

import asyncio
from collections.abc import Awaitable, Coroutine
from typing import Any, TypeVar

from common.telemetry import get_logger

T = TypeVar("T")

_running: set[asyncio.Future[Any]] = set()
_lasting: set[asyncio.Future[Any]] = set()
_log = get_logger(__name__)


def spawn(work: Coroutine[Any, Any, T], *, name: str, lasting: bool = False) -> asyncio.Task[T]:
    """Start ``work``, keep it referenced until it ends, and log its failure.

    ``lasting`` work runs until it is cancelled, so ``drain`` does not wait for it.
    """
    task = asyncio.create_task(work, name=name)
    (_lasting if lasting else _running).add(task)
    task.add_done_callback(_finished)
    return task


async def within(work: Awaitable[Any], seconds: float) -> bool:
    """Wait for ``work`` up to ``seconds``, then cancel it; return whether it ended in time.

    The clean-up after the cancellation runs in the background, because some clients take long
    over it. Work that cancels itself counts as not ended, and does not cancel the caller.
    """
    task = asyncio.ensure_future(work)
    done, _ = await asyncio.wait({task}, timeout=seconds)
    if task.cancelled():
        return False
    if done:
        task.result()
        return True
    _running.add(task)
    task.add_done_callback(_finished)
    task.cancel()
    return False


async def drain(*, within_seconds: float) -> None:
    """Wait for the running tasks to finish, before what they use is closed."""
    if _running:
        await asyncio.wait(set(_running), timeout=within_seconds)


def _finished(task: asyncio.Future[Any]) -> None:
    _running.discard(task)
    _lasting.discard(task)
    if not task.cancelled() and (error := task.exception()) is not None:
        name = task.get_name() if isinstance(task, asyncio.Task) else ""
        _log.error("task.failed", task=name, error=type(error).__name__)
