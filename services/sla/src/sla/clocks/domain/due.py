"""What a timer declares about a clock, given how far the source is known."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sla.clocks.domain.changes import Change, EventKind
from sla.clocks.domain.clocks import Clock, ClockState, ClockVersion

SOURCE_SILENT = "source_watermark_stalled"


def known_until(
    watermark: datetime | None, *, now: datetime, grace_seconds: float
) -> datetime | None:
    """Return the time up to which a source is known: its watermark, less the grace.

    The grace is for events that are still on their way to the source. None without a watermark.
    """
    if watermark is None:
        return None
    return min(watermark, now) - timedelta(seconds=grace_seconds)


@dataclass(frozen=True, slots=True)
class TimeView:
    """How a timer sees time, by the database's clock.

    Everything that happened before ``known_until`` has been consumed; None when that is unknown.
    Deadlines up to ``waited_until`` have waited long enough for a silent source.
    """

    now: datetime
    known_until: datetime | None
    waited_until: datetime

    def is_certain(self, at: datetime) -> bool:
        return self.known_until is not None and at <= self.known_until

    def is_due(self, at: datetime) -> bool:
        return self.is_certain(at) or at <= self.waited_until


def fire(current: ClockVersion, time: TimeView) -> Change:
    """Return what is due for a clock: its breach, the confirmation of it, or its warnings.

    Warnings are left out when their breach is due too.
    """
    clock = current.clock
    if current.confirm_at is not None and time.is_certain(current.confirm_at):
        return _confirm(current)
    if clock.state is not ClockState.RUNNING or clock.due_at is None or clock.silent:
        return Change(current)
    if time.is_due(clock.due_at):
        return _breach(current, clock.due_at, time)
    return _warn(current, time)


def _confirm(current: ClockVersion) -> Change:
    clock = current.clock
    reason = None if clock.reason == SOURCE_SILENT else clock.reason
    confirmed = replace(current, confirmed=True, clock=replace(clock, reason=reason))
    occurred_at = clock.breached_at or clock.started_at
    return Change(confirmed).with_event(EventKind.BREACHED, occurred_at, again=True)


def _breach(current: ClockVersion, due_at: datetime, time: TimeView) -> Change:
    confirmed = time.is_certain(due_at)
    breached = replace(
        current.clock,
        state=ClockState.BREACHED,
        breached_at=due_at,
        reason=_reason(current.clock, due_at, confirmed=confirmed),
        warnings=(),
    )
    version = replace(current, clock=breached, detected_at=time.now, confirmed=confirmed)
    return Change(version).with_event(EventKind.BREACHED, due_at)


def _reason(clock: Clock, due_at: datetime, *, confirmed: bool) -> str | None:
    if not confirmed:
        return SOURCE_SILENT
    return "breached_on_apply" if clock.started_at < clock.in_force_at >= due_at else None


def _warn(current: ClockVersion, time: TimeView) -> Change:
    due = [
        warning
        for warning in current.clock.warnings
        if warning.threshold not in current.warned and time.is_due(warning.at)
    ]
    change = Change(current)
    for warning in due:
        warned = change.version.warned | {warning.threshold}
        change = replace(change, version=replace(change.version, warned=warned)).with_event(
            EventKind.WARNING, warning.at, threshold=warning.threshold
        )
    return change
