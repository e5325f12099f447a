"""The third way in: time. Sleeps until the next deadline, then declares what is due."""

import asyncio
import time
from collections.abc import Callable

from common.db import Database, wall_time
from common.errors import UnavailableError
from common.runtime import Backoff, Loop, without_session
from common.telemetry import describe, get_logger
from sla.clocks import metrics
from sla.clocks.store import due_clocks
from sla.clocks.store.due_clocks import ConsumedTopic, Schedule
from sla.clocks.timers.schedule import (
    StalledSources,
    has_due_clocks,
    seconds_to_next,
    waits_for_source,
)
from sla.clocks.usecases.fire_due_clocks import Declarer, FireDueClocks
from sla.settings import TimerSettings

_log = get_logger(__name__)

STALLED_SECONDS = 30.0
SOON_SECONDS = 1.5
"""How long before a deadline the source is asked for prompt watermarks: longer than a timer waits
between two looks, and a request is under way."""

BATCHES_BESIDE = 4
"""Batches are smaller by this in a backlog of several tenants: a deadline waits for one."""
BESIDE_SECONDS = 1.0
"""How long batches stay small after a claim in a backlog that found several tenants."""


class DueClocks:
    """One of any number of timers, which share the work: each skips what another has locked.

    ``facts`` is where the facts come from; its progress says how far they are known. ``ask_source``
    is called while a clock waits, or will soon, for that source to say how far it has come.
    """

    name = "timer:due_clocks"

    def __init__(
        self,
        database: Database,
        settings: TimerSettings,
        *,
        facts: ConsumedTopic,
        declarer: Declarer,
        ask_source: Callable[[], None],
    ) -> None:
        self._database = database
        self._declarer = declarer
        self._settings = settings
        self._facts = facts
        self._ask_source = ask_source
        self._stalled = StalledSources(settings)
        self._waits_for_source = False
        self._in_backlog = False
        """Whether the last claim took all that it might; more is due, perhaps of one tenant."""
        self._beside_until = 0.0
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

    def wake_if_waiting(self) -> None:
        """Look again now if a clock that is due, or nearly so, waits for the source."""
        if self._waits_for_source:
            self._loop.wake()

    def healthy(self) -> str | None:
        return self._loop.healthy() or self._skewed

    async def run(self, stop: asyncio.Event) -> None:
        """Fire until ``stop``; while the database is away, keep trying."""
        await self._loop.run(stop)

    async def _round(self) -> float:
        self._waits_for_source = True  # Progress during a round may come too late for it.
        pause = await self.tick()
        self._waits_for_source = pause <= self._settings.poll_seconds
        return pause

    async def tick(self) -> float:
        """Declare one batch of what is due now; return the seconds to wait before the next."""
        schedule = await self._look()
        if waits_for_source(schedule, soon_seconds=SOON_SECONDS):
            self._ask_source()
        if self._skewed:
            return self._settings.idle_seconds
        holds = self._stalled.holds(schedule, at=time.monotonic())
        grace = self._settings.grace_seconds
        if not has_due_clocks(schedule, holds, grace_seconds=grace):
            return self._pause(schedule)
        batch = self._batch_size()
        command = FireDueClocks(self._facts, holds, grace, batch, in_turns=self._in_backlog)
        fired = await self._database.run(self._declarer.fire_due_clocks, command)
        self._in_backlog = fired.claimed >= batch
        if self._in_backlog and fired.tenants > 1:
            self._beside_until = time.monotonic() + BESIDE_SECONDS
        metrics.FIRED.inc(fired.events)
        for delay in fired.delays_seconds:
            metrics.DETECTION_SECONDS.observe(delay)
        # If nothing was claimed although something is due, another timer has locked it.
        return 0.0 if fired.claimed else self._settings.poll_seconds

    def _batch_size(self) -> int:
        beside = time.monotonic() < self._beside_until
        return max(1, self._settings.batch_size // (BATCHES_BESIDE if beside else 1))

    async def _look(self) -> Schedule:
        """Read what is due next, and compare this host's clock with the database's."""
        asked_at = wall_time()
        schedule = await self._database.read(
            due_clocks.get_schedule, self._facts, deadline_seconds=5.0
        )
        answered_at = wall_time()
        midway = asked_at + (answered_at - asked_at) / 2
        self._judge_skew((midway - schedule.now).total_seconds())
        return schedule

    def _judge_skew(self, skew: float) -> None:
        metrics.TIMER_SKEW.set(skew)
        is_off = abs(skew) > self._settings.max_skew_seconds
        if is_off and self._skewed is None:
            _log.error("timer.refused_to_fire", skew_seconds=round(skew, 3))
        self._skewed = (
            f"this host's clock differs from the database's by {skew:.1f} s" if is_off else None
        )

    def _pause(self, schedule: Schedule) -> float:
        return seconds_to_next(
            schedule, nearest=self._settings.poll_seconds, farthest=self._settings.idle_seconds
        )


def _postponed(error: Exception) -> str:
    _log.warning("timer.postponed", error=describe(error))
    return "the database is not available"
