"""Server-sent events: resumable, bounded, and gone when they should be.

A stream holds no database connection: ``replay`` reads what the client missed before the answer
begins, then events come from this process's own consumer through a bounded queue. A reader that is
too slow gets ``reset`` and has to read the resource again. At shutdown, at its greatest age, and
when its credential is revoked, a stream ends with ``reconnect``.
"""

import asyncio
import random
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from common.jsons import dumps_text
from common.web import metrics
from common.web.auth import Authenticator, caller_of
from common.web.problems import HttpError

MAX_STREAMS = 512
"""Half of the connections that a process serves; other requests have the rest."""
MAX_STREAMS_PER_TENANT = 200
MAX_STREAMS_PER_CREDENTIAL = 50
QUEUE_LENGTH = 256
MAX_AGE_SECONDS = 3_600.0
PING_SECONDS = 15
SEND_SECONDS = 20.0
CHECK_SECONDS = 4.0
"""How often a stream's credential is looked at again."""
MAX_EVENT_ID = 256

Replay = Callable[[str | None], Awaitable[Sequence["StreamEvent"]]]


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """``id`` is what the client sends back as ``Last-Event-ID``; ``data`` is JSON-able."""

    id: str
    event: str
    data: Any


@dataclass(slots=True, eq=False)
class _Reader:
    """The queue between publishers and one client, which gets only what it ``wants``."""

    wants: Callable[[StreamEvent], bool] | None = None
    waiting: deque[StreamEvent] = field(default_factory=deque)
    overflowed: bool = False
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    def offer(self, event: StreamEvent) -> None:
        if self.wants is not None and not self.wants(event):
            return
        if len(self.waiting) >= QUEUE_LENGTH:
            self.waiting.clear()
            self.overflowed = True
            metrics.STREAM_RESETS.inc()
        elif not self.overflowed:
            self.waiting.append(event)
        self.woken.set()

    async def wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self.woken.wait()
        except TimeoutError:
            return
        self.woken.clear()


class Streams:
    """All open streams of one application, by what they are about."""

    def __init__(self, authenticator: Authenticator) -> None:
        self._authenticator = authenticator
        self._readers: dict[Hashable, set[_Reader]] = {}
        self._open: Counter[tuple[str, str]] = Counter()
        self._closing = False

    def publish(self, key: Hashable, event: StreamEvent) -> None:
        """Hand ``event`` to whoever listens to ``key``; never waits."""
        for reader in self._readers.get(key, ()):
            reader.offer(event)

    async def respond(
        self,
        request: Request,
        *,
        keys: Sequence[Hashable],
        replay: Replay,
        last_event_id: str | None,
        wants: Callable[[StreamEvent], bool] | None = None,
    ) -> Response:
        """Return the stream of ``keys`` for the caller, who has seen ``last_event_id``.

        ``wants`` chooses among the live events.

        Raises HttpError 429 beyond the caps, and the errors of ``replay``.
        """
        caller = caller_of(request)
        credential = (caller.tenant_id, caller.principal_id)
        self._check_caps(credential)
        reader = _Reader(wants)
        release = self._subscribe(reader, keys, credential)
        try:
            missed = await replay(last_event_id)
        except BaseException:
            release()
            raise
        return _Stream(self._events(reader, missed, request), release)

    def close(self) -> None:
        """Tell every stream to end; their clients come back, to another process."""
        self._closing = True
        for readers in self._readers.values():
            for reader in readers:
                reader.woken.set()

    def _check_caps(self, credential: tuple[str, str]) -> None:
        if self._closing:
            raise HttpError(503, "the process is stopping; reconnect", headers={"Retry-After": "1"})
        if (
            self._open[credential] >= MAX_STREAMS_PER_CREDENTIAL
            or self._open_of(credential[0]) >= MAX_STREAMS_PER_TENANT
            or self._open.total() >= MAX_STREAMS
        ):
            raise HttpError(
                429,
                "too many open streams; close one",
                headers={"Retry-After": "30"},
            )

    def _open_of(self, tenant_id: str) -> int:
        return sum(count for (tenant, _), count in self._open.items() if tenant == tenant_id)

    def _subscribe(
        self, reader: _Reader, keys: Sequence[Hashable], credential: tuple[str, str]
    ) -> Callable[[], None]:
        self._open[credential] += 1
        metrics.OPEN_STREAMS.inc()
        for key in keys:
            self._readers.setdefault(key, set()).add(reader)

        def release() -> None:
            metrics.OPEN_STREAMS.dec()
            self._open[credential] -= 1
            if self._open[credential] <= 0:
                del self._open[credential]
            for key in keys:
                readers = self._readers.get(key, set())
                readers.discard(reader)
                if not readers:
                    self._readers.pop(key, None)

        return release

    async def _events(
        self, reader: _Reader, missed: Sequence[StreamEvent], request: Request
    ) -> AsyncIterator[ServerSentEvent]:
        yield ServerSentEvent(comment="open", retry=_retry_ms())
        for event in missed:
            yield _wire(event)
        seen = {event.id for event in missed}
        guard = _Guard(self._authenticator, request.headers.get("authorization"))
        while not self._closing and await guard.passes():
            await reader.wait(CHECK_SECONDS)
            if reader.overflowed:
                reader.overflowed = False
                yield ServerSentEvent(event="reset", data="{}")
            while reader.waiting and not reader.overflowed:
                event = reader.waiting.popleft()
                if event.id not in seen:
                    yield _wire(event)
        yield ServerSentEvent(event="reconnect", data="{}", retry=_retry_ms())


class _Guard:
    """Says whether a stream may go on: young enough, and its credential still good."""

    def __init__(self, authenticator: Authenticator, authorization: str | None) -> None:
        self._authenticator = authenticator
        self._authorization = authorization
        self._ends_at = time.monotonic() + MAX_AGE_SECONDS * random.uniform(0.9, 1.0)  # noqa: S311 - jitter
        self._checked_at = time.monotonic()

    async def passes(self) -> bool:
        now = time.monotonic()
        if now - self._checked_at < CHECK_SECONDS:
            return now < self._ends_at
        self._checked_at = now
        return now < self._ends_at and await self._authenticator.still_valid(self._authorization)


class _Stream(EventSourceResponse):
    """Gives its place back however it ends."""

    def __init__(self, events: AsyncIterator[ServerSentEvent], release: Callable[[], None]) -> None:
        super().__init__(events, ping=PING_SECONDS, send_timeout=SEND_SECONDS)
        self._release = release

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._release()


def _wire(event: StreamEvent) -> ServerSentEvent:
    return ServerSentEvent(data=dumps_text(event.data), event=event.event, id=event.id)


def _retry_ms() -> int:
    """Return when to come back: spread, so that a restart is no stampede."""
    return random.randint(500, 3_000)  # noqa: S311 - jitter


async def get_last_event_id(request: Request) -> str | None:
    """Dependency: the request's ``Last-Event-ID``, None without it. Raises HttpError 400."""
    found = request.headers.get("last-event-id")
    if found is not None and not (len(found) <= MAX_EVENT_ID and found.isprintable()):
        raise HttpError(400, "unknown Last-Event-ID")
    return found or None
