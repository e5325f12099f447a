"""What a timer declares about one clock, given how far the source is known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sla.clocks.domain.clocks import Clock, ClockState
from sla.clocks.domain.reconciliation import Announcement, Change, Held, News

SOURCE_SILENT = "source_watermark_stalled"


def known_until(
    watermark: datetime | None, *, now: datetime, grace_seconds: float
) -> datetime | None:
    """Return up to when a source is known: its watermark, less what may be on its way to it."""
    if watermark is None:
        return None
    return min(watermark, now) - timedelta(seconds=grace_seconds)


@dataclass(frozen=True, slots=True)
class Moment:
    """A timer's view of time, by the database's clock.

    ``known_until``: everything that happened before it has been consumed, None when unknown.
    ``held_until``: what was due before it is no longer held back for a silent source.
    """

    now: datetime
    known_until: datetime | None
    held_until: datetime

    def certain(self, at: datetime) -> bool:
        return self.known_until is not None and at <= self.known_until

    def ripe(self, at: datetime) -> bool:
        return self.certain(at) or at <= self.held_until


def fire(held: Held, time: Moment) -> Change:
    """Return what is due for a clock: its breach, its confirmation, or its warnings.

    Warnings whose breach has passed as well are stale and are left out.
    """
    clock = held.clock
    if held.confirm_at is not None and time.certain(held.confirm_at):
        return _confirm(held)
    if clock.state is not ClockState.RUNNING or clock.due_at is None or clock.silent:
        return Change(held, ())
    if time.ripe(clock.due_at):
        return _breach(held, clock, clock.due_at, time)
    return _warn(held, time)


def _confirm(held: Held) -> Change:
    clock = held.clock
    reason = None if clock.reason == SOURCE_SILENT else clock.reason
    held = replace(
        held, version=held.version + 1, confirmed=True, clock=replace(clock, reason=reason)
    )
    return Change(held, (_announce(News.BREACHED, held, clock.breached_at or clock.started_at),))


def _breach(held: Held, clock: Clock, due_at: datetime, time: Moment) -> Change:
    confirmed = time.certain(due_at)
    breached = replace(
        clock,
        state=ClockState.BREACHED,
        breached_at=due_at,
        reason=_reason(clock, due_at, confirmed=confirmed),
        warnings=(),
    )
    held = replace(
        held,
        version=held.version + 1,
        clock=breached,
        detected_at=time.now,
        confirmed=confirmed,
    )
    return Change(held, (_announce(News.BREACHED, held, due_at),))


def _reason(clock: Clock, due_at: datetime, *, confirmed: bool) -> str | None:
    if not confirmed:
        return SOURCE_SILENT
    return "breached_on_apply" if clock.started_at < clock.in_force_at >= due_at else None


def _warn(held: Held, time: Moment) -> Change:
    announcements = []
    for warning in held.clock.warnings:
        if warning.threshold not in held.warned and time.ripe(warning.at):
            held = replace(held, version=held.version + 1, warned=held.warned | {warning.threshold})
            announcements.append(
                _announce(News.WARNING, held, warning.at, threshold=warning.threshold)
            )
    return Change(held, tuple(announcements))


def _announce(
    news: News, held: Held, occurred_at: datetime, *, threshold: str | None = None
) -> Announcement:
    return Announcement(news, held, occurred_at, threshold)
