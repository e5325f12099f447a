"""Do together what comes while the same is under way.

A call that finds nothing under way begins at once. Those that come meanwhile wait for it, and then
go together: nothing ever waits for company, and the more there is to do the less each costs.
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

    ``names`` are what it may not share with another call of the same flight.
    """

    __slots__ = ("answer", "item", "names")

    def __init__(self, item: T, names: frozenset[Hashable]) -> None:
        self.item = item
        self.names = names
        self.answer: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self.answer.add_done_callback(_retrieved)

    def settle(self, result: R | Exception) -> None:
        """Answer the caller, unless it has an answer or has given up."""
        if self.answer.done():
            return
        if isinstance(result, Exception):
            self.answer.set_exception(result)
        else:
            self.answer.set_result(result)


class Gatherer(Generic[T, R]):
    """Gathers calls into flights: one at a time for each tenant, ``at_once`` in all.

    ``work(tenant_id, calls)`` settles its calls, at most ``most`` of them, in the order in which
    they came; what it raises goes to those that it has not settled. Tenants take turns. A call
    whose future was cancelled before its flight began is dropped; once begun nothing stops it.
    """

    def __init__(
        self,
        work: Callable[[str, Sequence[Call[T, R]]], Awaitable[None]],
        *,
        name: str,
        most: int,
        at_once: int,
    ) -> None:
        self._work = work
        self._name = name
        self._most = most
        self._at_once = at_once
        self._waiting: OrderedDict[str, deque[Call[T, R]]] = OrderedDict()
        self._flying: set[str] = set()

    def add(self, tenant_id: str, item: T, *, names: Iterable[Hashable] = ()) -> asyncio.Future[R]:
        """Let ``item`` go with the tenant's next flight; the future is the answer."""
        call: Call[T, R] = Call(item, frozenset(names))
        self._waiting.setdefault(tenant_id, deque()).append(call)
        self._start()
        return call.answer

    def _start(self) -> None:
        for tenant_id in [one for one in self._waiting if one not in self._flying]:
            if len(self._flying) >= self._at_once:
                return
            self._flying.add(tenant_id)
            # In a context of its own: a flight belongs to no single request's trace.
            Context().run(spawn, self._fly(tenant_id), name=self._name)

    async def _fly(self, tenant_id: str) -> None:
        calls = self._take(tenant_id)  # Here and not before: whoever came in this turn goes along.
        try:
            if calls:
                await self._work(tenant_id, calls)
        except Exception as error:  # noqa: BLE001 - each caller raises it
            for call in calls:
                call.settle(error)
        finally:
            self._flying.discard(tenant_id)
            self._start()

    def _take(self, tenant_id: str) -> list[Call[T, R]]:
        """Take the tenant's next calls; what has to wait for another flight goes to the back."""
        taken: list[Call[T, R]] = []
        names: set[Hashable] = set()
        left: deque[Call[T, R]] = deque()
        for call in self._waiting.pop(tenant_id):
            if call.answer.done():
                continue
            if len(taken) >= self._most or not names.isdisjoint(call.names):
                left.append(call)
                continue
            names |= call.names
            taken.append(call)
        if left:
            self._waiting[tenant_id] = left
        return taken


def _retrieved(answer: asyncio.Future[R]) -> None:
    if not answer.cancelled():
        answer.exception()  # Whoever waited has it; nobody waiting is no reason for a warning.
