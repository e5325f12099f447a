"""Writes that come at once are committed at once: one transaction for all, an answer for each.

A database that is asked for a thousand small transactions a second spends its time on beginning and
committing them. So single writes of one kind and tenant that come while another is under way are
gathered, and the next transaction does them all; each keeps its own Idempotency-Key, its own answer
and its own failure, and is answered after the commit. See ``docs/adr/0023-group-commit.md``.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import text

from common.db import Clock, Database, LockedError, Transaction
from common.errors import ServiceError, UnavailableError
from common.runtime import Call, Gatherer, spawn
from common.web import metrics
from common.web.writes.idempotency import (
    FinishedMeanwhileError,
    KeyedRequest,
    Rendered,
    claim_all,
    gave_up,
    store_all,
)

T = TypeVar("T")
R = TypeVar("R")

MOST = 100
"""Writes in one transaction: enough to make its own cost small, few enough to stay short."""
AT_ONCE = 4
"""Transactions of different tenants side by side; the pool has room for others besides."""
ALONE_AT_ONCE = 4
PATIENCE_SECONDS = 0.2
"""How long a group waits for somebody else's lock before whoever needs it is sorted out."""
ATTEMPTS = 3

_HURRY = text("SELECT set_config('lock_timeout', :milliseconds, true)")


@dataclass(frozen=True, slots=True)
class Write(Generic[T, R]):
    """One request's part: what it wants written, under which key, and how it is answered."""

    item: T
    keyed: KeyedRequest | None
    render: Callable[[R], Rendered]


@dataclass(frozen=True, slots=True)
class Written:
    """The answer of a write; ``repeated`` when its key had it already."""

    rendered: Rendered
    repeated: bool


Outcome = Written | ServiceError
Pending = Call[Write[T, R], Written]


class GroupCommit(Generic[T, R]):
    """Runs one use case for whole groups: ``usecase(tx, command, now=...)``, an answer an item.

    ``command(tenant_id, items)`` makes the command; a ServiceError among the use case's answers
    fails that item only, and the use case leaves nothing of it behind. ``names(item)`` are what two
    items of one group may not share, such as the message that both report.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        usecase: Callable[..., Awaitable[Sequence[R | ServiceError]]],
        command: Callable[[str, Sequence[T]], Any],
        *,
        names: Callable[[T], Iterable[Hashable]],
    ) -> None:
        self._database = database
        self._clock = clock
        self._usecase = usecase
        self._command = command
        self._names = names
        self._name = getattr(usecase, "__name__", "write")
        self._alone = asyncio.Semaphore(ALONE_AT_ONCE)
        self._gatherer: Gatherer[Write[T, R], Written] = Gatherer(
            self._commit, name=f"group_commit.{self._name}", most=MOST, at_once=AT_ONCE
        )

    def add(self, tenant_id: str, write: Write[T, R]) -> asyncio.Future[Written]:
        """Have the write done with the next group; the future tells how it ended."""
        names = list(self._names(write.item))
        if write.keyed is not None:
            names.append(write.keyed.lock)
        return self._gatherer.add(tenant_id, write, names=names)

    async def _commit(self, tenant_id: str, calls: Sequence[Pending[T, R]]) -> None:
        """Commit the calls together; when they fail, halve them until the culprit stands alone."""
        try:
            outcomes = await self._attempt(tenant_id, calls, hurry=True)
        except LockedError as error:
            if len(calls) == 1:
                spawn(self._commit_alone(tenant_id, calls[0]), name=f"{self._name}.alone")
            else:
                await self._halve(tenant_id, calls, error)
        except UnavailableError as error:
            _settle(calls, [error] * len(calls))
        except Exception as error:  # noqa: BLE001 - whoever caused it raises it
            await self._halve(tenant_id, calls, error)
        else:
            metrics.GROUP_SIZE.labels(self._name).observe(len(calls))
            _settle(calls, outcomes)

    async def _halve(
        self, tenant_id: str, calls: Sequence[Pending[T, R]], error: Exception
    ) -> None:
        if len(calls) == 1:
            _settle(calls, [error])
            return
        middle = len(calls) // 2
        for half in (calls[:middle], calls[middle:]):
            await self._commit(tenant_id, half)

    async def _commit_alone(self, tenant_id: str, call: Pending[T, R]) -> None:
        """Wait for a lock as long as any write would, in nobody's way."""
        async with self._alone:
            try:
                outcomes: Sequence[Written | Exception]
                outcomes = await self._attempt(tenant_id, [call], hurry=False)
            except Exception as error:  # noqa: BLE001 - the caller raises it
                outcomes = [error]
        _settle([call], outcomes)

    async def _attempt(
        self, tenant_id: str, calls: Sequence[Pending[T, R]], *, hurry: bool
    ) -> list[Outcome]:
        writes = [call.item for call in calls]

        async def attempt(tx: Transaction, *, now: datetime) -> list[Outcome]:
            if hurry:
                await tx.execute(_HURRY, {"milliseconds": f"{PATIENCE_SECONDS * 1000:.0f}"})
            return await self._write(tx, tenant_id, writes, now=now)

        attempt.__name__ = self._name
        for _ in range(ATTEMPTS):
            try:
                return await self._database.run(attempt, now=self._clock.now())
            except FinishedMeanwhileError:
                continue
        raise gave_up()

    async def _write(
        self, tx: Transaction, tenant_id: str, writes: Sequence[Write[T, R]], *, now: datetime
    ) -> list[Outcome]:
        """Claim the keys, do the work of those that are new, and store their answers."""
        found = await _claimed(tx, writes)
        fresh = [write for place, write in enumerate(writes) if place not in found]
        results: Sequence[R | ServiceError] = ()
        if fresh:
            command = self._command(tenant_id, [write.item for write in fresh])
            results = await self._usecase(tx, command, now=now)
        waiting = iter([_outcome(*pair) for pair in zip(fresh, results, strict=True)])
        outcomes = [
            found[place] if place in found else next(waiting) for place in range(len(writes))
        ]
        await store_all(tx, _to_store(writes, outcomes), now=now)
        return outcomes


async def _claimed(tx: Transaction, writes: Sequence[Write[Any, Any]]) -> dict[int, Outcome]:
    """Return the outcomes, by place, of those whose key already decides what they get."""
    keyed = [(place, write.keyed) for place, write in enumerate(writes) if write.keyed is not None]
    claims = await claim_all(tx, [key for _, key in keyed])
    return {
        place: claim if isinstance(claim, ServiceError) else Written(claim, repeated=True)
        for (place, _), claim in zip(keyed, claims, strict=True)
        if claim is not None
    }


def _outcome(write: Write[Any, R], result: R | ServiceError) -> Outcome:
    if isinstance(result, ServiceError):
        return result
    return Written(write.render(result), repeated=False)


def _to_store(
    writes: Sequence[Write[Any, Any]], outcomes: Sequence[Outcome]
) -> list[tuple[KeyedRequest, Rendered]]:
    return [
        (write.keyed, outcome.rendered)
        for write, outcome in zip(writes, outcomes, strict=True)
        if write.keyed is not None and isinstance(outcome, Written) and not outcome.repeated
    ]


def _settle(calls: Sequence[Call[Any, Written]], outcomes: Sequence[Written | Exception]) -> None:
    for call, outcome in zip(calls, outcomes, strict=True):
        call.settle(outcome)
