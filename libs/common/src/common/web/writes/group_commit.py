"""Concurrent single writes are committed together: one transaction for all, an answer for each.

A database that is asked for a thousand small transactions a second spends its time on beginning and
committing them. So single writes of one kind and tenant that arrive while another is under way are
collected, and the next transaction does them all. Each keeps its own Idempotency-Key, answer and
failure, and is answered after the commit. See ``docs/adr/0023-group-commit.md``.
"""

import asyncio
from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import partial
from typing import Any, Generic, TypeVar

from common.db import Clock, Database, LockedError, UseCase
from common.errors import ServiceError, UnavailableError
from common.runtime import Batcher, Call, spawn
from common.web import metrics
from common.web.writes.transaction import (
    Write,
    WriteTransaction,
    Written,
    settle_alone,
)

C = TypeVar("C")
T = TypeVar("T")
R = TypeVar("R")

MOST = 100
"""Writes in one transaction: enough to make its own cost small, few enough to stay short."""
AT_ONCE = 4
"""Transactions of different tenants side by side; the pool has room for others besides."""
ALONE_AT_ONCE = 4
GROUP_LOCK_SECONDS = 0.2
"""How long a group waits for another transaction's lock before the blocked write is split off."""

Pending = Call[Write[T, R], Written]


class GroupCommit(Generic[T, R]):
    """Runs one use case for whole groups: ``usecase(tx, command, now=...)``, an answer an item.

    ``command(tenant_id, items)`` makes the command; a ServiceError among the use case's answers
    fails that item only, and the use case must leave nothing of it behind. ``names(item)`` are what
    two items of one group may not share, such as the message that both report.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        usecase: UseCase[C, Sequence[R | ServiceError]],
        command: Callable[[str, Sequence[T]], C],
        *,
        names: Callable[[T], Iterable[Hashable]],
    ) -> None:
        self._names = names
        self._name = name = getattr(usecase, "__name__", "write")
        self._alone = asyncio.Semaphore(ALONE_AT_ONCE)

        def of_tenant(tenant_id: str) -> WriteTransaction[C, T, R]:
            return WriteTransaction(
                database, clock, usecase, partial(command, tenant_id), name=name
            )

        self._of_tenant = of_tenant
        self._batcher: Batcher[Write[T, R], Written] = Batcher(
            self._commit, name=f"group_commit.{name}", max_calls=MOST, max_running=AT_ONCE
        )

    def add(self, tenant_id: str, write: Write[T, R]) -> asyncio.Future[Written]:
        """Commit ``write`` with the next group and return the future of its answer.

        Cancelling the future drops a write that has not begun; one that has begun completes.
        """
        names = list(self._names(write.item))
        if write.keyed is not None:
            names.append(write.keyed.lock)
        return self._batcher.add(tenant_id, write, names=names)

    async def _commit(self, tenant_id: str, calls: Sequence[Pending[T, R]]) -> None:
        await self._commit_or_halve(self._of_tenant(tenant_id), calls)

    async def _commit_or_halve(
        self, transaction: WriteTransaction[Any, T, R], calls: Sequence[Pending[T, R]]
    ) -> None:
        """Commit the calls together; when that fails, halve them until the culprit is alone."""
        try:
            outcomes = await transaction.run(
                [call.item for call in calls], lock_seconds=GROUP_LOCK_SECONDS
            )
        except LockedError as error:
            if len(calls) == 1:
                spawn(self._wait_for_lock(transaction, calls[0]), name=f"{self._name}.alone")
            else:
                await self._halve(transaction, calls, error)
        except UnavailableError as error:
            for call in calls:
                call.settle(error)
        except Exception as error:  # noqa: BLE001 - the request that caused it raises it
            await self._halve(transaction, calls, error)
        else:
            metrics.GROUP_SIZE.labels(self._name).observe(len(calls))
            for call, outcome in zip(calls, outcomes, strict=True):
                call.settle(outcome)

    async def _halve(
        self,
        transaction: WriteTransaction[Any, T, R],
        calls: Sequence[Pending[T, R]],
        error: Exception,
    ) -> None:
        if len(calls) == 1:
            calls[0].settle(error)
            return
        middle = len(calls) // 2
        for half in (calls[:middle], calls[middle:]):
            await self._commit_or_halve(transaction, half)

    async def _wait_for_lock(
        self, transaction: WriteTransaction[Any, T, R], call: Pending[T, R]
    ) -> None:
        """Wait for a lock as long as any write would, without blocking the group."""
        async with self._alone:
            await settle_alone(transaction, call)
