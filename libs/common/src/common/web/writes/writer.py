"""Writes over HTTP: one use case, one transaction, one answer, rendered before the commit.

A write that has begun completes even if the client disconnects; clients that send
``Idempotency-Key`` can repeat it to learn its outcome.
"""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response

from common.db import UseCase
from common.errors import UnavailableError
from common.web import metrics
from common.web.auth import caller_of, exchange_of
from common.web.state import app_state
from common.web.writes.group_commit import GroupCommit
from common.web.writes.idempotency import Answer, keyed_request
from common.web.writes.transaction import Write, Written, write_alone

C = TypeVar("C")
T = TypeVar("T")
R = TypeVar("R")

DEADLINE_SECONDS = 10.0
"""After this a caller is told that its write has not ended, whatever the database is doing."""


class Writer:
    """Runs use cases for one request. Routers get it as ``write: WriterDep``."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._called = False

    async def __call__(
        self, usecase: UseCase[C, R], command: C, *, answer: Callable[[R], Answer]
    ) -> Response:
        """Run ``usecase(tx, command, now=...)`` and send ``answer(result)`` once it is committed.

        A repeat with the same Idempotency-Key gets the first answer; 409 while the first runs, 422
        when the key came with another request. One request is one write: a second call is a bug.
        """
        state = app_state(self._request)
        write = self._write(command, answer)
        return await _respond(write_alone(state.database, state.clock, usecase, write))

    async def together(
        self, group: GroupCommit[T, R], item: T, *, answer: Callable[[R], Answer]
    ) -> Response:
        """Write ``item`` with the next group; otherwise the same as calling the writer.

        Writes with one key run one after the other here, so a repeat waits for the first answer.
        """
        write = self._write(item, answer)
        return await _respond(group.add(caller_of(self._request).tenant_id, write))

    def _write(self, item: T, answer: Callable[[R], Answer]) -> Write[T, R]:
        if self._called:
            raise RuntimeError("a request may write once: its key stands for one answer")
        self._called = True
        keyed = keyed_request(self._request, exchange_of(self._request))
        return Write(item, keyed, answer)


async def _respond(answer: asyncio.Future[Written]) -> Response:
    """Return the answer as a response. Raises UnavailableError when it takes too long."""
    await asyncio.wait({answer}, timeout=DEADLINE_SECONDS)
    if not answer.done():
        answer.cancel()
        raise UnavailableError(
            "the write has not finished yet; retry with the same Idempotency-Key"
        )
    written = answer.result()
    headers = written.rendered.headers
    if written.repeated:
        metrics.IDEMPOTENT_REPLAYS.inc()
        headers = headers | {"Idempotent-Replayed": "true"}
    return Response(written.rendered.body, written.rendered.status, headers)


async def get_writer(request: Request) -> Writer:
    """Dependency: the request's writer."""
    return Writer(request)
