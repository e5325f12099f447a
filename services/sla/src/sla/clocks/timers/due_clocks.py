"""The third way in: time. Sleeps until the next deadline, then declares what is due."""

from __future__ import annotations

import asyncio
import time

from common.db import Database, wall_time
from common.errors import UnavailableError
from common.telemetry import describe, get_logger
from sla.clocks import metrics
from sla.clocks.store import clocks
from sla.clocks.store.clocks import Agenda, Source
from sla.clocks.timers.agenda import Patience, StalledSources, ready, seconds_to_next
from sla.clocks.usecases.fire_due_clocks import FireDueClocks, fire_due_clocks
from sla.settings import TimerSettings

_log = get_logger(__name__)

STALLED_SECONDS = 30.0


class DueClocks:
    """One of any number of timers: they share the work and skip what another one holds."""

    name = "timer:due_clocks"

    def __init__(self, database: Database, settings: TimerSettings, *, source: Source) -> None:
        self._database = database
        self._settings = settings
        self._source = source
        self._patience = Patience(
            grace=settings.grace_seconds,
            hold=settings.hold_seconds,
            longest_hold=settings.longest_hold_seconds,
        )
        self._stalled = StalledSources(self._patience)
        self._woken = asyncio.Event()
        self._listening = False
        self._trouble: str | None = None
        self._alive_at = time.monotonic()

    def wake(self) -> None:
        """Look again now: a deadline may be nearer."""
        self._woken.set()

    def heard(self) -> None:
        """Look again now if something due, or nearly so, waits for what the source tells."""
        if self._listening:
            self._woken.set()

    def healthy(self) -> str | None:
        if self._trouble:
            return self._trouble
        if time.monotonic() - self._alive_at > STALLED_SECONDS:
            return "the timer has stopped"
        return None

    async def run(self, stop: asyncio.Event) -> None:
        """Fire until ``stop``; a database that is away is waited for."""
        while not stop.is_set():
            self._alive_at, self._listening = time.monotonic(), True
            try:
                pause = await self.tick()
            except UnavailableError as error:
                self._trouble = "the database is not available"
                _log.warning("timer.postponed", error=describe(error))
                pause = self._settings.idle_seconds
            self._listening = pause <= self._settings.poll_seconds
            await self._sleep(pause, stop)

    async def tick(self) -> float:
        """Declare everything that is due now; return the seconds until it is worth another look."""
        self._woken.clear()
        agenda = await self._look()
        if self._trouble:
            return self._settings.idle_seconds
        holds = self._stalled.holds(agenda, at=time.monotonic())
        if not ready(agenda, holds, self._patience):
            return self._pause(agenda)
        command = FireDueClocks(
            self._source, holds, self._patience.grace, self._settings.batch_size
        )
        fired = await self._database.run(fire_due_clocks, command)
        metrics.FIRED.inc(fired.events)
        for delay in fired.delays_seconds:
            metrics.DETECTION_SECONDS.observe(delay)
        # Nothing claimed although something is due: another timer is at it.
        return 0.0 if fired.claimed else self._settings.poll_seconds

    async def _look(self) -> Agenda:
        """Read what is ahead, and whether this process knows what time it is."""
        asked = wall_time()
        agenda = await self._database.read(clocks.agenda, self._source, deadline_seconds=5.0)
        answered = wall_time()
        skew = (asked + (answered - asked) / 2 - agenda.now).total_seconds()
        self._judge_skew(skew)
        return agenda

    def _judge_skew(self, skew: float) -> None:
        metrics.TIMER_SKEW.set(skew)
        off = abs(skew) > self._settings.max_skew_seconds
        if off and self._trouble is None:
            _log.error("timer.refused_to_fire", skew_seconds=round(skew, 3))
        self._trouble = (
            f"this host's clock differs from the database's by {skew:.1f} s" if off else None
        )

    def _pause(self, agenda: Agenda) -> float:
        return seconds_to_next(
            agenda, nearest=self._settings.poll_seconds, farthest=self._settings.idle_seconds
        )

    async def _sleep(self, seconds: float, stop: asyncio.Event) -> None:
        if seconds <= 0 or self._woken.is_set():
            await asyncio.sleep(0)
            return
        waits = {asyncio.create_task(self._woken.wait()), asyncio.create_task(stop.wait())}
        _, waiting = await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()
