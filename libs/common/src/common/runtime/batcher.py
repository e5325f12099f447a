"""Runs calls in batches: those that arrive while a batch is running form the next one.

A call that finds nothing running starts at once, and never waits for others to join it. So the
more there is to do, the less each call costs.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from contextvars import Context
from typing import Generic, TypeVar

from common.runtime.tasks import spawn

T = TypeVar("T")
R = TypeVar("R")


class Call(Generic[T, R]):
    """One caller's item, and the answer that it waits for.

    Two calls that share one of ``names`` never go into the same batch.
    """

    __slots__ = ("answer", "item", "names")

    def __init__(self, item: T, names: frozenset[Hashable]) -> None:
        self.item = item
        self.names = names
        self.answer: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self.answer.add_done_callback(_mark_retrieved)

    def settle(self, result: R | Exception) -> None:
        """Answer the caller, unless it has an answer or has given up."""
        if self.answer.done():
            return
        if isinstance(result, Exception):
            self.answer.set_exception(result)
        else:
            self.answer.set_result(result)


class Batcher(Generic[T, R]):
    """Batches the calls of each group; one batch of a group runs at a time, ``max_running`` in all.

    ``work(group, calls)`` settles its calls, at most ``max_calls`` of them, in the order in which
    they arrived. An error that it raises goes to the calls that it has not settled. Groups take
    turns. A call whose future is cancelled before its batch starts is dropped; a batch that has
    started runs to its end.
    """

    def __init__(
        self,
        work: Callable[[str, Sequence[Call[T, R]]], Awaitable[None]],
        *,
        name: str,
        max_calls: int,
        max_running: int,
    ) -> None:
        self._work = work
        self._name = name
        self._max_calls = max_calls
        self._max_running = max_running
        self._waiting: OrderedDict[str, deque[Call[T, R]]] = OrderedDict()
        self._running: set[str] = set()

    def add(self, group: str, item: T, *, names: Iterable[Hashable] = ()) -> asyncio.Future[R]:
        """Put ``item`` into the group's next batch; the future is the answer."""
        call: Call[T, R] = Call(item, frozenset(names))
        self._waiting.setdefault(group, deque()).append(call)
        self._start_due()
        return call.answer

    def _start_due(self) -> None:
        for group in [group for group in self._waiting if group not in self._running]:
            if len(self._running) >= self._max_running:
                return
            self._running.add(group)
            # In a context of its own: a batch belongs to no single request's trace.
            Context().run(spawn, self._run(group), name=self._name)

    async def _run(self, group: str) -> None:
        calls = self._take(group)  # Only now, so that calls added in this turn join the batch.
        try:
            if calls:
                await self._work(group, calls)
        except Exception as error:  # noqa: BLE001 - each caller raises it
            for call in calls:
                call.settle(error)
        finally:
            self._running.discard(group)
            self._start_due()

    def _take(self, group: str) -> list[Call[T, R]]:
        """Take the group's next batch; the calls left over go behind the other groups."""
        taken: list[Call[T, R]] = []
        names: set[Hashable] = set()
        left: deque[Call[T, R]] = deque()
        for call in self._waiting.pop(group):
            if call.answer.done():
                continue
            if len(taken) >= self._max_calls or not names.isdisjoint(call.names):
                left.append(call)
                continue
            names |= call.names
            taken.append(call)
        if left:
            self._waiting[group] = left
        return taken


def _mark_retrieved(answer: asyncio.Future[R]) -> None:
    """Spare asyncio's warning: an error that no caller waits for was given up by its caller."""
    if not answer.cancelled():
        answer.exception()
