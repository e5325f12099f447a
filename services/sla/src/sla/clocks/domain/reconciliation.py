"""Brings stored clocks in line with the facts, and decides which events announce the changes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sla.clocks.domain.changes import Change, Event, EventKind
from sla.clocks.domain.clocks import Clock, ClockKey, ClockState, ClockVersion

_EVENT_OF_STATE = {
    ClockState.RUNNING: EventKind.RESUMED,
    ClockState.PAUSED: EventKind.PAUSED,
    ClockState.MET: EventKind.MET,
    ClockState.CANCELLED: EventKind.CANCELLED,
    ClockState.BREACHED: EventKind.BREACHED,
}


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """One comparison of stored clocks with the facts.

    Everything that happened before ``known_until`` is among the facts, as it is for a timer.
    ``new_id`` makes the ids of new clocks.
    """

    now: datetime
    known_until: datetime | None
    new_id: Callable[[], UUID]

    def changes(
        self, stored: Mapping[ClockKey, ClockVersion], folded: Sequence[Clock]
    ) -> list[Change]:
        """Return what to store and announce so that the stored clocks agree with the folded ones.

        A clock that the facts no longer show is cancelled as superseded; none is ever deleted.
        """
        changes = [self._reconcile(stored.get(clock.key), clock) for clock in folded]
        shown = {clock.key for clock in folded}
        changes += [
            self._supersede(version)
            for key, version in stored.items()
            if key not in shown and not version.superseded
        ]
        return [c for c in changes if c.events or c.version != stored.get(c.version.key)]

    def _reconcile(self, previous: ClockVersion | None, clock: Clock) -> Change:
        version = self._next(previous or ClockVersion(self.new_id(), 0, clock), clock)
        if clock.silent and version.version == 0:
            return Change(version)
        kinds = _events(previous, version)
        was_breached = previous is not None and previous.clock.state is ClockState.BREACHED
        again = was_breached and kinds == [EventKind.BREACHED]
        return _announce(version, kinds, self.now, again=again)

    def _next(self, previous: ClockVersion, clock: Clock) -> ClockVersion:
        """Return the clock with the breach that a timer declared, while the facts support it.

        Facts that show a breach themselves, such as a late answer, need no timer to declare it. It
        is certain under the same condition as any other: nothing from before the deadline can
        still arrive. Until then a timer waits to confirm it.
        """
        version = replace(previous, clock=clock, superseded=False)
        if clock.state is ClockState.BREACHED:
            confirmed = clock.silent or self._is_certain(previous, clock)
            detected_at = previous.detected_at or self.now
            return replace(version, detected_at=detected_at, confirmed=confirmed)
        declared = _declared_breach(previous.clock, clock)
        if declared is not None:
            return replace(version, clock=declared)
        return replace(version, detected_at=None, confirmed=None)

    def _is_certain(self, previous: ClockVersion, clock: Clock) -> bool:
        """Return whether the source is, or was at an earlier breach, known up to the breach."""
        confirmed_until = previous.clock.breached_at if previous.confirmed else None
        breached_at = clock.breached_at
        return breached_at is not None and any(
            at is not None and breached_at <= at for at in (self.known_until, confirmed_until)
        )

    def _supersede(self, version: ClockVersion) -> Change:
        clock = version.clock
        cancelled = replace(
            clock,
            state=ClockState.CANCELLED,
            due_at=None,
            met_at=None,
            breached_at=None,
            ended_at=clock.ended_at or self.now,
            reason="superseded",
            warnings=(),
        )
        superseded = replace(
            version, clock=cancelled, detected_at=None, confirmed=None, superseded=True
        )
        if version.version == 0:
            return Change(superseded)
        kinds = [EventKind.CANCELLED]
        if clock.state is ClockState.BREACHED:
            kinds.insert(0, EventKind.RETRACTED)
        return _announce(superseded, kinds, self.now)


def _declared_breach(previous: Clock, clock: Clock) -> Clock | None:
    """Return the clock as breached if a timer declared that and the deadline is no later now."""
    if previous.state is not ClockState.BREACHED or previous.breached_at is None:
        return None
    if clock.state is not ClockState.RUNNING or clock.due_at is None:
        return None
    if clock.due_at > previous.breached_at:
        return None
    return replace(
        clock,
        state=ClockState.BREACHED,
        breached_at=clock.due_at,
        reason=previous.reason,
        warnings=(),
    )


def _events(previous: ClockVersion | None, version: ClockVersion) -> list[EventKind]:
    """Return the kinds of event that lead from the previous version to this one."""
    state = version.clock.state
    if previous is None:
        first = [] if state is ClockState.RUNNING else [_EVENT_OF_STATE[state]]
        return [EventKind.STARTED, *first]
    before = previous.clock.state
    if before is ClockState.BREACHED and state is not ClockState.BREACHED:
        after = [] if state is ClockState.RUNNING else [_EVENT_OF_STATE[state]]
        return [EventKind.RETRACTED, *after]
    if previous.confirmed and version.confirmed is False:
        return [EventKind.RETRACTED, EventKind.BREACHED]
    if before is not state or _announced_values(previous) != _announced_values(version):
        return [_EVENT_OF_STATE[state]]
    return []


def _announced_values(version: ClockVersion) -> tuple[object, ...]:
    """Return the values whose change consumers must learn of."""
    clock = version.clock
    return (
        clock.policy_id,
        clock.policy_version,
        clock.target_seconds,
        clock.started_at,
        clock.due_at,
        clock.met_at,
        clock.breached_at,
        clock.reason,
        version.confirmed,
    )


def _announce(
    version: ClockVersion, kinds: Sequence[EventKind], now: datetime, *, again: bool = False
) -> Change:
    """Return the change with its events; a retraction shows the clock as it is in truth."""
    events = []
    for place, kind in enumerate(kinds):
        version = replace(version, version=version.version + 1)
        is_true = kind is EventKind.RETRACTED or place == len(kinds) - 1
        shown = version if is_true else _as_running(version)
        occurred_at = _occurred_at(kind, version.clock) or now
        events.append(Event(kind, shown, occurred_at, again=again))
    return Change(version, tuple(events))


def _as_running(version: ClockVersion) -> ClockVersion:
    """Return the clock as running, for an event that another one about its end follows."""
    running = replace(
        version.clock, state=ClockState.RUNNING, met_at=None, breached_at=None, reason=None
    )
    return replace(version, clock=running, detected_at=None, confirmed=None)


def _occurred_at(kind: EventKind, clock: Clock) -> datetime | None:
    last_pause = clock.pauses[-1] if clock.pauses else None
    times = {
        EventKind.STARTED: clock.started_at,
        EventKind.PAUSED: last_pause.start if last_pause else None,
        EventKind.RESUMED: last_pause.end if last_pause else None,
        EventKind.MET: clock.met_at,
        EventKind.CANCELLED: clock.ended_at,
        EventKind.BREACHED: clock.breached_at,
    }
    return times.get(kind)
