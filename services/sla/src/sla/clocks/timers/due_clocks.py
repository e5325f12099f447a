"""The third way in: time. Sleeps until the next deadline, then declares what is due."""

from __future__ import annotations

import asyncio
import time

from common.db import Database, wall_time
from common.errors import UnavailableError
from common.runtime import Backoff, Loop, without_session
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
        self._listening = False
        self._skewed: str | None = None
        self._loop = Loop(
            self.name,
            without_session(self._round),
            retry=Backoff.constant(settings.idle_seconds),
            survives=(UnavailableError,),
            on_failure=_postponed,
            stalled_seconds=STALLED_SECONDS,
            stalled="the timer has stopped",
        )

    def wake(self) -> None:
        """Look again now: a deadline may be nearer."""
        self._loop.wake()

    def heard(self) -> None:
        """Look again now if something due, or nearly so, waits for news of the source."""
        if self._listening:
            self._loop.wake()

    def healthy(self) -> str | None:
        return self._loop.healthy() or self._skewed

    async def run(self, stop: asyncio.Event) -> None:
        """Fire until ``stop``; while the database is away, keep trying."""
        await self._loop.run(stop)

    async def _round(self) -> float:
        self._listening = True  # What is heard during a round may come too late for it.
        pause = await self.tick()
        self._listening = pause <= self._settings.poll_seconds
        return pause

    async def tick(self) -> float:
        """Declare everything that is due now; return the seconds until it is worth another look."""
        agenda = await self._look()
        if self._skewed:
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
        if off and self._skewed is None:
            _log.error("timer.refused_to_fire", skew_seconds=round(skew, 3))
        self._skewed = (
            f"this host's clock differs from the database's by {skew:.1f} s" if off else None
        )

    def _pause(self, agenda: Agenda) -> float:
        return seconds_to_next(
            agenda, nearest=self._settings.poll_seconds, farthest=self._settings.idle_seconds
        )


def _postponed(error: Exception) -> str:
    _log.warning("timer.postponed", error=describe(error))
    return "the database is not available"
