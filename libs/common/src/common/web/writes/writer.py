"""Writes over HTTP: one use case, one transaction, one answer, rendered before the commit.

Once begun, a write goes on to its end although the client may have gone; it is idempotent for
clients that send ``Idempotency-Key``.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from common.db import Transaction
from common.errors import UnavailableError
from common.web import metrics
from common.web.auth import caller_of
from common.web.responses import encoded
from common.web.state import app_state
from common.web.writes.group_commit import GroupCommit, Write
from common.web.writes.idempotency import (
    FinishedMeanwhileError,
    KeyedRequest,
    Rendered,
    claim,
    gave_up,
    keyed_request,
    store,
)

T = TypeVar("T")
R = TypeVar("R")

Answer = tuple[int, Any] | tuple[int, Any, Mapping[str, str]]
"""Status, body (model, JSON value, bytes that are JSON, or None for none) and headers if any."""

DEADLINE_SECONDS = 10.0
"""When a caller is told that its write has not ended, whatever the database is doing."""

_ATTEMPTS = 3
_running: set[asyncio.Task[Any]] = set()


class Writer:
    """Runs use cases for one request. Routers get it as ``write: WriterDep``."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._state = app_state(request)
        self._called = False

    async def __call__(
        self,
        usecase: Callable[..., Awaitable[R]],
        command: Any,
        *,
        answer: Callable[[R], Answer],
    ) -> Response:
        """Run ``usecase(tx, command, now=...)`` and send ``answer(result)`` once it is committed.

        A repeat with the same Idempotency-Key gets the first answer; 409 while the first runs, 422
        when the key came with another request. One request is one write: a second call is a bug.
        """
        keyed = self._once()

        async def attempt(tx: Transaction, *, now: datetime) -> tuple[Rendered, bool]:
            if keyed is not None and (earlier := await claim(tx, keyed)) is not None:
                return earlier, True
            rendered = _rendered(answer(await usecase(tx, command, now=now)))
            if keyed is not None:
                await store(tx, keyed, rendered, now=now)
            return rendered, False

        attempt.__name__ = getattr(usecase, "__name__", "write")
        rendered, repeated = await _to_the_end(self._run(attempt, keyed))
        return _response(rendered, repeated=repeated)

    async def together(
        self, group: GroupCommit[T, R], item: T, *, answer: Callable[[R], Answer]
    ) -> Response:
        """Have ``item`` written with whatever else comes at the same time; else as a call.

        Writes of one key go one after the other here, so a repeat waits for the first answer.
        """
        write: Write[T, R] = Write(item, self._once(), lambda result: _rendered(answer(result)))
        written = group.add(caller_of(self._request).tenant_id, write)
        await asyncio.wait({written}, timeout=DEADLINE_SECONDS)
        if not written.done():
            written.cancel()  # Drops what has not begun; what has goes on to its end.
            raise _not_ended()
        found = written.result()
        return _response(found.rendered, repeated=found.repeated)

    def _once(self) -> KeyedRequest | None:
        if self._called:
            raise RuntimeError("a request may write once: its key stands for one answer")
        self._called = True
        return keyed_request(self._request)

    async def _run(
        self,
        attempt: Callable[..., Awaitable[tuple[Rendered, bool]]],
        keyed: KeyedRequest | None,
    ) -> tuple[Rendered, bool]:
        for _ in range(_ATTEMPTS if keyed is not None else 1):
            try:
                return await self._state.database.run(attempt, now=self._state.clock.now())
            except FinishedMeanwhileError:
                continue
        raise gave_up()


async def _to_the_end(work: Any) -> Any:
    """Await ``work`` in a task of its own, which a client that hangs up does not cancel.

    Raises UnavailableError past the deadline; the work may still be committed after that.
    """
    task: asyncio.Task[Any] = asyncio.create_task(work)
    _running.add(task)
    task.add_done_callback(_ended)
    done, _ = await asyncio.wait({task}, timeout=DEADLINE_SECONDS)
    if not done:
        raise _not_ended()
    return task.result()


def _not_ended() -> UnavailableError:
    return UnavailableError(
        "the write has not ended yet; repeat it with the same Idempotency-Key to learn how"
    )


def _ended(task: asyncio.Task[Any]) -> None:
    _running.discard(task)
    if not task.cancelled():
        task.exception()  # Taken by the request; when that is gone nobody is left to tell.


def _response(rendered: Rendered, *, repeated: bool) -> Response:
    headers = rendered.headers
    if repeated:
        metrics.IDEMPOTENT_REPLAYS.inc()
        headers = headers | {"Idempotent-Replayed": "true"}
    return Response(rendered.body, rendered.status, headers)


def _rendered(answer: Answer) -> Rendered:
    status, body = answer[0], answer[1]
    headers = dict(answer[2]) if len(answer) > 2 else {}  # noqa: PLR2004 - the third part
    if body is None:
        return Rendered(status, headers, b"")
    return Rendered(status, {"content-type": "application/json"} | headers, encoded(body))
