"""The one loop of every component that works in rounds: repeat, wait, back off, report health."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext

from common.errors import UnavailableError
from common.runtime.backoff import Backoff
from common.telemetry import describe, get_logger

_log = get_logger(__name__)

Round = Callable[[], Awaitable[float]]
"""One round of work. Returns how many seconds to wait before the next; 0 means at once."""
Session = Callable[[], AbstractAsyncContextManager[Round]]
OnFailure = Callable[[Exception], str | None]

MAX_PAUSE_SECONDS = 5.0
STALLED_SECONDS = 120.0


class Loop:
    """A component that works in rounds until it is told to stop.

    ``session`` opens what the rounds share, such as a connection, and yields the function that does
    one round. The loop calls that function again and again and each time waits as long as it asks;
    ``wake`` ends that wait early. When opening the session or a round raises one of ``survives``,
    the session is closed, and the next one is opened after a wait by ``retry``, which nothing but
    a stop cuts short. Any other error ends the loop and, with it, the process.

    A round that succeeds resets the count of failures that ``retry`` goes by, once its session has
    lasted for ``steady_seconds``.

    The loop is unhealthy after a failure, for the reason that ``on_failure`` returns, until a round
    succeeds; and while the last round began or ended longer ago than ``stalled_seconds``, for the
    reason ``stalled``. When ``on_failure`` returns None, the failure changes nothing about health.
    """

    def __init__(
        self,
        name: str,
        session: Session,
        *,
        retry: Backoff,
        survives: tuple[type[Exception], ...],
        on_failure: OnFailure,
        steady_seconds: float = 0.0,
        stalled_seconds: float = math.inf,
        stalled: str = "it has stopped",
    ) -> None:
        self.name = name
        self._session = session
        self._retry = retry
        self._survives = survives
        self._on_failure = on_failure
        self._steady_seconds = steady_seconds
        self._stalled_seconds = stalled_seconds
        self._stalled = stalled
        self._woken = asyncio.Event()
        self._failures = 0
        self._trouble: str | None = None
        self._opened_at = self._alive_at = time.monotonic()

    def wake(self) -> None:
        """Start the next round now instead of after the wait."""
        self._woken.set()

    def healthy(self) -> str | None:
        if self._trouble:
            return self._trouble
        if time.monotonic() - self._alive_at > self._stalled_seconds:
            return self._stalled
        return None

    async def run(self, stop: asyncio.Event) -> None:
        """Do rounds until ``stop``; the round under way is finished first."""
        while not stop.is_set():
            try:
                await self._do_rounds(stop)
            except self._survives as error:
                await _stopped_within(stop, self._failed(error))

    async def round(self) -> float:
        """Do a single round, in a session of its own; return how long ``run`` would wait then."""
        try:
            async with self._session() as work:
                return await self._do(work)
        except self._survives as error:
            return self._failed(error)

    async def _do_rounds(self, stop: asyncio.Event) -> None:
        self._opened_at = time.monotonic()
        async with self._session() as work:
            while not stop.is_set():
                await self._pause(await self._do(work), stop)

    async def _do(self, work: Round) -> float:
        self._woken.clear()
        self._alive_at = time.monotonic()
        seconds = await work()
        self._alive_at = time.monotonic()
        self._trouble = None
        if self._alive_at - self._opened_at >= self._steady_seconds:
            self._failures = 0
        return seconds

    def _failed(self, error: Exception) -> float:
        self._failures += 1
        self._trouble = self._on_failure(error) or self._trouble
        return self._retry.seconds(self._failures)

    async def _pause(self, seconds: float, stop: asyncio.Event) -> None:
        """Wait until the time is over, or somebody wakes or stops the loop."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        waiting = [asyncio.ensure_future(self._woken.wait()), asyncio.ensure_future(stop.wait())]
        try:
            await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for waiter in waiting:
                waiter.cancel()


async def _stopped_within(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return


def without_session(work: Round) -> Session:
    """Return the session of a loop whose rounds share nothing."""
    return lambda: nullcontext(work)


def drain(name: str, work: Callable[[], Awaitable[int]], *, pause_seconds: float) -> Loop:
    """Return a loop that works through whatever has accumulated.

    ``work`` returns how much it did. The next round follows at once, or after ``pause_seconds`` if
    there was nothing to do. Failures double that wait, up to 5 s, and never end the loop.
    """

    async def round_() -> float:
        return 0.0 if await work() else pause_seconds

    def failed(error: Exception) -> str | None:
        if isinstance(error, UnavailableError):
            # Something else is down; restarting this process would not bring it back.
            _log.warning("timer.round_postponed", timer=name, error=describe(error))
            return None
        _log.error("timer.round_failed", timer=name, exc_info=error)
        return f"not working: {describe(error)}"

    return Loop(
        name,
        without_session(round_),
        retry=Backoff(pause_seconds, most_seconds=MAX_PAUSE_SECONDS),
        survives=(Exception,),
        on_failure=failed,
        stalled_seconds=pause_seconds + STALLED_SECONDS,
    )
