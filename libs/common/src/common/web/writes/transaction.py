"""One transaction for writes and their Idempotency-Keys; a single write is a group of one."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any, Generic, TypeVar

from sqlalchemy import text

from common.db import Clock, Database, Transaction, UseCase
from common.errors import ServiceError, UnavailableError
from common.runtime import Call, spawn
from common.web.writes.idempotency import (
    Answer,
    CompletedElsewhereError,
    KeyedRequest,
    Rendered,
    claim_keys,
    store_answers,
)

C = TypeVar("C")
T = TypeVar("T")
R = TypeVar("R")

_ATTEMPTS = 3
_LIMIT_LOCK_WAIT = text("SELECT set_config('lock_timeout', :milliseconds, true)")


@dataclass(frozen=True, slots=True)
class Write(Generic[T, R]):
    """One request's part: what to write, under which key, and how to answer with the result."""

    item: T
    keyed: KeyedRequest | None
    answer: Callable[[R], Answer]


@dataclass(frozen=True, slots=True)
class Written:
    """The answer of a write; ``repeated`` when it was stored by an earlier request."""

    rendered: Rendered
    repeated: bool


Outcome = Written | ServiceError


class WriteTransaction(Generic[C, T, R]):
    """Runs one kind of write: claims the keys, does the work, stores the answers, commits.

    ``command(items)`` makes the command of ``usecase``, which returns one result for each item. An
    item whose result is a ServiceError must have changed nothing; an error that the use case raises
    rolls back every item.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        usecase: UseCase[C, Sequence[R | ServiceError]],
        command: Callable[[Sequence[T]], C],
        *,
        name: str,
    ) -> None:
        self._database = database
        self._clock = clock
        self._usecase = usecase
        self._command = command
        self._name = name

    async def run(
        self, writes: Sequence[Write[T, R]], *, lock_seconds: float | None = None
    ) -> list[Outcome]:
        """Return one outcome for each of ``writes``, no two of which share a key.

        ``lock_seconds`` limits how long a statement waits for a lock. Raises UnavailableError when
        other processes keep completing requests with the same keys.
        """

        async def attempt(tx: Transaction, *, now: datetime) -> list[Outcome]:
            if lock_seconds is not None:
                await tx.execute(_LIMIT_LOCK_WAIT, {"milliseconds": f"{lock_seconds * 1000:.0f}"})
            return await self._write(tx, writes, now)

        attempt.__name__ = self._name
        for _ in range(_ATTEMPTS):
            try:
                return await self._database.run(attempt, now=self._clock.now())
            except CompletedElsewhereError:
                continue
        raise UnavailableError("concurrent requests with this Idempotency-Key; retry")

    async def _write(
        self, tx: Transaction, writes: Sequence[Write[T, R]], now: datetime
    ) -> list[Outcome]:
        outcomes = await _decided_by_key(tx, writes)
        fresh = [place for place in range(len(writes)) if place not in outcomes]
        if fresh:
            command = self._command([writes[place].item for place in fresh])
            results = await self._usecase(tx, command, now=now)
            for place, result in zip(fresh, results, strict=True):
                outcomes[place] = _outcome(writes[place], result)
        answers = [(writes[place].keyed, outcomes[place]) for place in fresh]
        await store_answers(
            tx,
            [(key, o.rendered) for key, o in answers if key is not None and isinstance(o, Written)],
            now=now,
        )
        return [outcomes[place] for place in range(len(writes))]


def write_alone(
    database: Database, clock: Clock, usecase: UseCase[C, R], write: Write[C, R]
) -> asyncio.Future[Written]:
    """Start ``write`` in a transaction of its own and return the future of its answer.

    The write completes even if nobody awaits the future any more, or if it is cancelled.
    """
    name = getattr(usecase, "__name__", "write")

    async def alone(tx: Transaction, command: C, /, *, now: datetime) -> Sequence[R]:
        return [await usecase(tx, command, now=now)]

    transaction: WriteTransaction[C, C, R] = WriteTransaction(
        database, clock, alone, itemgetter(0), name=name
    )
    call: Call[Write[C, R], Written] = Call(write, frozenset())
    spawn(settle_alone(transaction, call), name=f"write.{name}")
    return call.answer


async def settle_alone(
    transaction: WriteTransaction[Any, T, R], call: Call[Write[T, R], Written]
) -> None:
    """Run a write in a transaction of its own, and hand its outcome to the caller."""
    try:
        [outcome] = await transaction.run([call.item])
    except Exception as error:  # noqa: BLE001 - the caller raises it
        call.settle(error)
    else:
        call.settle(outcome)


async def _decided_by_key(tx: Transaction, writes: Sequence[Write[Any, Any]]) -> dict[int, Outcome]:
    """Return the outcomes, by place, that the keys determine without doing the work."""
    keyed = [(place, write.keyed) for place, write in enumerate(writes) if write.keyed is not None]
    claims = await claim_keys(tx, [key for _, key in keyed])
    return {
        place: claim if isinstance(claim, ServiceError) else Written(claim, repeated=True)
        for (place, _), claim in zip(keyed, claims, strict=True)
        if claim is not None
    }


def _outcome(write: Write[Any, R], result: R | ServiceError) -> Outcome:
    if isinstance(result, ServiceError):
        return result
    return Written(Rendered.of(write.answer(result)), repeated=False)
