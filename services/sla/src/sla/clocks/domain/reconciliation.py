"""The difference between the clocks we have told of and what the facts say now, as events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from common.ids import new_id
from sla.clocks.domain.clocks import Clock, ClockState
from sla.rules.domain.policy import Metric

Key = tuple[Metric, int]
"""Metric and cycle: what a clock is within its conversation."""


class News(StrEnum):
    STARTED = "started"
    PAUSED = "paused"
    RESUMED = "resumed"
    MET = "met"
    CANCELLED = "cancelled"
    BREACHED = "breached"
    WARNING = "warning"
    RETRACTED = "retracted"


_REACHED = {
    ClockState.RUNNING: News.RESUMED,
    ClockState.PAUSED: News.PAUSED,
    ClockState.MET: News.MET,
    ClockState.CANCELLED: News.CANCELLED,
    ClockState.BREACHED: News.BREACHED,
}


@dataclass(frozen=True, slots=True)
class Held:
    """A clock as we hold it: what the facts say, and what a timer declared on top of them.

    ``version`` counts the events about it. ``confirmed`` is None without a breach, and False for
    one declared while the source was not known up to the deadline.
    ``warned`` are the thresholds told of already.
    """

    clock_id: UUID
    version: int
    clock: Clock
    detected_at: datetime | None = None
    confirmed: bool | None = None
    warned: frozenset[str] = frozenset()
    superseded: bool = False

    @property
    def key(self) -> Key:
        return self.clock.metric, self.clock.cycle

    @property
    def next_fire_at(self) -> datetime | None:
        """When a timer must look at it: at the next warning, or at the deadline."""
        clock = self.clock
        if clock.silent or clock.state is not ClockState.RUNNING or clock.due_at is None:
            return None
        ahead = (w.at for w in clock.warnings if w.threshold not in self.warned)
        return min((*ahead, clock.due_at))

    @property
    def confirm_at(self) -> datetime | None:
        """What the source must have told up to before the breach is certain."""
        return self.clock.due_at if self.confirmed is False else None


@dataclass(frozen=True, slots=True)
class Announcement:
    """One event to publish: the clock as it is told, with the number of the event."""

    news: News
    held: Held
    occurred_at: datetime
    threshold: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    held: Held
    announcements: tuple[Announcement, ...]


def reconcile(
    before: Mapping[Key, Held],
    folded: Sequence[Clock],
    *,
    now: datetime,
    known_until: datetime | None,
) -> list[Change]:
    """Return what must be written and told so that the clocks held agree with the facts.

    A clock that the facts no longer know is cancelled as superseded; nothing is ever deleted.
    ``known_until`` is as a timer's: what happened before it is among the facts.
    """
    changes = [_reconcile(before.get((c.metric, c.cycle)), c, now, known_until) for c in folded]
    known = {(c.metric, c.cycle) for c in folded}
    changes += [
        _supersede(held, now)
        for key, held in before.items()
        if key not in known and not held.superseded
    ]
    return [c for c in changes if c.announcements or c.held != before.get(c.held.key)]


def _reconcile(
    before: Held | None, clock: Clock, now: datetime, known_until: datetime | None
) -> Change:
    held = _effective(before, clock, now, known_until)
    if clock.silent and held.version == 0:
        return Change(held, ())
    news = [News.STARTED] if before is None else []
    news += _news(before, held)
    return _tell(held, news, now)


def _effective(
    before: Held | None, clock: Clock, now: datetime, known_until: datetime | None
) -> Held:
    """Return the clock with the breach that a timer declared, while the facts still bear it.

    Facts that show one, such as an answer that came too late, need no timer to declare it. It is
    certain as any other is: once nothing from before the deadline can be on its way any more.
    Until then a timer waits to confirm it.
    """
    if before is None:
        before = Held(new_id(), 0, clock)
    held = replace(before, clock=clock, superseded=False)
    if clock.state is ClockState.BREACHED:
        confirmed = clock.silent or _certain(before, clock, known_until)
        return replace(held, detected_at=before.detected_at or now, confirmed=confirmed)
    told = before.clock
    declared = told.breached_at if told.state is ClockState.BREACHED else None
    stands = clock.state is ClockState.RUNNING and clock.due_at is not None
    if declared is not None and stands and clock.due_at is not None and clock.due_at <= declared:
        breached = replace(
            clock,
            state=ClockState.BREACHED,
            breached_at=clock.due_at,
            reason=told.reason,
            warnings=(),
        )
        return replace(held, clock=breached)
    return replace(held, detected_at=None, confirmed=None)


def _certain(before: Held, clock: Clock, known_until: datetime | None) -> bool:
    """Tell whether the source is known up to the breach, now or when one was confirmed before."""
    known = (known_until, before.clock.breached_at if before.confirmed else None)
    breached_at = clock.breached_at
    return breached_at is not None and any(at is not None and breached_at <= at for at in known)


def _news(before: Held | None, held: Held) -> list[News]:
    state = held.clock.state
    if before is None:
        return [] if state is ClockState.RUNNING else [_REACHED[state]]
    was = before.clock.state
    if was is ClockState.BREACHED and state is not ClockState.BREACHED:
        after = [] if state is ClockState.RUNNING else [_REACHED[state]]
        return [News.RETRACTED, *after]
    if before.confirmed and held.confirmed is False:
        return [News.RETRACTED, News.BREACHED]
    if was is not state or _told(before) != _told(held):
        return [_REACHED[state]]
    return []


def _told(held: Held) -> tuple[object, ...]:
    """What consumers were told of a clock, and must hear of when it changes."""
    clock = held.clock
    return (
        clock.policy_id,
        clock.policy_version,
        clock.target_seconds,
        clock.started_at,
        clock.due_at,
        clock.met_at,
        clock.breached_at,
        clock.reason,
        held.confirmed,
    )


def _supersede(held: Held, now: datetime) -> Change:
    gone = replace(
        held,
        clock=replace(
            held.clock,
            state=ClockState.CANCELLED,
            due_at=None,
            met_at=None,
            breached_at=None,
            ended_at=held.clock.ended_at or now,
            reason="superseded",
            warnings=(),
        ),
        detected_at=None,
        confirmed=None,
        superseded=True,
    )
    if held.version == 0:
        return Change(gone, ())
    retracted = [News.RETRACTED] if held.clock.state is ClockState.BREACHED else []
    return _tell(gone, [*retracted, News.CANCELLED], now)


def _tell(held: Held, news: Sequence[News], now: datetime) -> Change:
    announcements = []
    for place, item in enumerate(news):
        held = replace(held, version=held.version + 1)
        shown = held if place == len(news) - 1 else _before_the_end(held)
        announcements.append(Announcement(item, shown, _when(item, held.clock, now)))
    return Change(held, tuple(announcements))


def _before_the_end(held: Held) -> Held:
    """Return the clock as running, for an event that is followed by how it went on."""
    running = replace(
        held.clock, state=ClockState.RUNNING, met_at=None, breached_at=None, reason=None
    )
    return replace(held, clock=running, detected_at=None, confirmed=None)


def _when(news: News, clock: Clock, now: datetime) -> datetime:
    last_pause = clock.pauses[-1] if clock.pauses else None
    times: dict[News, datetime | None] = {
        News.STARTED: clock.started_at,
        News.PAUSED: last_pause.start if last_pause else None,
        News.RESUMED: last_pause.end if last_pause else None,
        News.MET: clock.met_at,
        News.CANCELLED: clock.ended_at,
        News.BREACHED: clock.breached_at,
    }
    return times.get(news) or now
