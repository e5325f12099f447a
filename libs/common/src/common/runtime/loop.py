"""A part of a process that works in rounds: at once while there is work, else after a pause."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from common.errors import UnavailableError
from common.telemetry import describe, get_logger

_log = get_logger(__name__)

MAX_PAUSE_SECONDS = 5.0
STALLED_SECONDS = 120.0


class Rounds:
    """Calls ``work`` until told to stop; it returns how much it did.

    Waits ``pause_seconds`` when there was nothing to do, longer and longer after failures.
    ``wake`` cuts the pause short.
    """

    def __init__(
        self, name: str, work: Callable[[], Awaitable[int]], *, pause_seconds: float
    ) -> None:
        self.name = name
        self._work = work
        self._pause_seconds = pause_seconds
        self._wake = asyncio.Event()
        self._failures = 0
        self._trouble: str | None = None
        self._round_at = time.monotonic()

    def wake(self) -> None:
        self._wake.set()

    def healthy(self) -> str | None:
        if self._trouble:
            return self._trouble
        if time.monotonic() - self._round_at > STALLED_SECONDS:
            return "it has stopped"
        return None

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self._wake.clear()
            done = await self._round()
            self._round_at = time.monotonic()
            if not done:
                await self._pause(stop)

    async def _round(self) -> int:
        try:
            done = await self._work()
        except UnavailableError as error:
            # Somebody else is away; restarting this process would not bring them back.
            _log.warning("timer.round_postponed", timer=self.name, error=describe(error))
            self._failures += 1
        except Exception as error:  # noqa: BLE001 - one bad round must not end the timer
            _log.error("timer.round_failed", timer=self.name, exc_info=error)
            self._failures += 1
            self._trouble = f"not working: {describe(error)}"
        else:
            self._failures, self._trouble = 0, None
            return done
        return 0

    async def _pause(self, stop: asyncio.Event) -> None:
        seconds = min(self._pause_seconds * 2.0**self._failures, MAX_PAUSE_SECONDS)
        waiting = [asyncio.ensure_future(self._wake.wait()), asyncio.ensure_future(stop.wait())]
        try:
            await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for waiter in waiting:
                waiter.cancel()
