"""One cycle of one metric while the facts are read: started, retargeted, settled, stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sla.clocks.domain.clocks import Clock, ClockState, Pause, WarningPoint
from sla.clocks.domain.facts import CLOSED, Fact, FactKind
from sla.rules.domain.hours import FOREVER, Slice, Window, deadline
from sla.rules.domain.instants import SECOND, micros, moment, optional_moment
from sla.rules.domain.policy import Metric, Policy, Ruleset, Target


@dataclass(slots=True)
class StatusSpan:
    """A stretch in which the conversation was not active. ``end`` is FOREVER while it lasts."""

    start: int
    end: int
    status: str


@dataclass(slots=True)
class Track:
    """The life of a clock. Instants are microseconds.

    It exists whether or not a policy has a target for it, so that a later policy finds its start.
    """

    metric: Metric
    cycle: int
    started_at: int
    known_at: datetime
    silent: bool
    spans: Sequence[StatusSpan]
    policy: Policy | None = None
    target: Target | None = None
    applies: bool = False
    slices: list[Slice] = field(default_factory=list)
    in_force_at: int = 0
    breached_at: int | None = None
    due_at: int | None = None
    met_at: int | None = None
    ended_at: int | None = None
    ended_by: Fact | None = None
    reason: str | None = None

    @property
    def open(self) -> bool:
        return self.ended_at is None

    def retarget(
        self, policy: Policy | None, target: Target | None, rules: Ruleset, at: int
    ) -> None:
        """Apply another policy's promise from the start on, each slice by its own hours.

        A breach that has happened stays as it was promised.
        """
        self.settle(at, inclusive=True)
        if self.breached_at is not None or not self.open:
            return
        self.applies = target is not None
        if target is None or policy is None:
            self.reason = "no_policy" if policy is None else "policy_without_metric"
            return
        changed = (self.policy, self.target) != (policy, target)
        self.reason = None
        self.policy, self.target = policy, target
        if changed:
            self.in_force_at = self._in_force(policy, at)
        hours = rules.hours_of(target)
        if not self.slices:
            self.slices.append(Slice(self.started_at, hours))
        elif self.slices[-1].hours is not hours:
            self.slices.append(Slice(max(at, self.started_at), hours))

    def _in_force(self, policy: Policy, at: int) -> int:
        """A policy made after we knew of the start promised nothing before it was made."""
        since = micros(policy.since) if policy.since > self.known_at else self.started_at
        return max(at, since, self.started_at)

    def settle(self, at: int, *, inclusive: bool) -> None:
        """Note the breach that came before an instant, or at it when ``inclusive``."""
        if not self.applies or self.breached_at is not None or not self.open:
            return
        due = self.deadline_by(at)
        if due is not None and (due < at or (inclusive and due == at)):
            self.breached_at = self.due_at = due

    def satisfied_by(self, kind: FactKind) -> bool:
        """Say whether what was said counts as the answer this clock waits for."""
        human_only = self.target.human_only if self.target else True
        notes = self.target.private_notes if self.target else False
        if kind is FactKind.BOT_MESSAGE:
            return not human_only
        return kind is FactKind.AGENT_MESSAGE or (kind is FactKind.NOTE and notes)

    def meet(self, at: int, by: Fact) -> None:
        """Stop it with its answer: met at the deadline itself, breached after it."""
        self.settle(at, inclusive=False)
        if self.open:
            self._end(at, by)
            self.met_at = at

    def cancel(self, at: int, by: Fact, reason: str) -> None:
        """Stop it without an answer; a breach that came before stays one."""
        self.settle(at, inclusive=False)
        if self.open:
            self._end(at, by)
            self.reason = self.reason or reason

    def _end(self, at: int, by: Fact) -> None:
        if self.breached_at is None:
            self.due_at = self.deadline_by(at)
        self.ended_at, self.ended_by = at, by

    def resume(self) -> None:
        """Take back the end; the stretch since then is a pause, as the status says."""
        self.met_at = self.ended_at = self.ended_by = self.due_at = None
        self.reason = None

    def deadline_by(self, at: int) -> int | None:
        """Return the deadline as far as it is decided at an instant; pauses end there."""
        return self._deadline(self.pauses(at))

    def pauses(self, until: int = FOREVER) -> list[Window]:
        """Return the stretches that do not count, as far as known at an instant."""
        paused = CLOSED | (self.target.pause_on if self.target else frozenset())
        found: list[Window] = []
        for span in self.spans:
            start, end = max(span.start, self.started_at), min(span.end, until)
            if span.status in paused and start < end:
                if found and found[-1][1] == start:
                    start = found.pop()[0]
                found.append((start, end))
        return found

    def _deadline(self, pauses: Sequence[Window]) -> int | None:
        if self.target is None:
            return None
        return deadline(self.slices, self.target.seconds * SECOND, pauses)

    def clock(self, rules: Ruleset) -> Clock | None:
        """Return the outcome; None when no policy ever had a target for it."""
        if self.policy is None or self.target is None:
            return None
        state = self._state()
        due = self.due_at if self.breached_at is not None or not self.open else None
        if state in {ClockState.RUNNING, ClockState.PAUSED}:
            due = self._deadline(self.pauses())
        return Clock(
            metric=self.metric,
            cycle=self.cycle,
            state=state,
            policy_id=self.policy.policy_id,
            policy_version=self.policy.version,
            policy_name=self.policy.name,
            target_seconds=self.target.seconds,
            calendar_id=self.target.calendar_id,
            calendar_version=rules.calendar_version(self.target.calendar_id),
            started_at=moment(self.started_at),
            due_at=None if state is ClockState.PAUSED else optional_moment(due),
            met_at=optional_moment(self.met_at),
            breached_at=optional_moment(self.breached_at),
            ended_at=optional_moment(self.ended_at),
            in_force_at=moment(self.in_force_at),
            reason=self._reason(state, due),
            silent=self.silent,
            pauses=self._shown_pauses(),
            warnings=self._warnings(self.target) if state is ClockState.RUNNING else (),
        )

    def _state(self) -> ClockState:
        if self.breached_at is not None:
            return ClockState.BREACHED
        if not self.applies:
            return ClockState.CANCELLED
        if self.met_at is not None:
            return ClockState.MET
        if not self.open:
            return ClockState.CANCELLED
        pauses = self.pauses()
        paused = bool(pauses) and pauses[-1][1] >= FOREVER
        return ClockState.PAUSED if paused else ClockState.RUNNING

    def _reason(self, state: ClockState, due: int | None) -> str | None:
        if state is not ClockState.BREACHED:
            return self.reason
        if due is not None and self.started_at < self.in_force_at >= due:
            return "breached_on_apply"
        if self.met_at is not None:
            return "answered_late"
        return None if self.open else "ended_unanswered"

    def _shown_pauses(self) -> tuple[Pause, ...]:
        paused = CLOSED | (self.target.pause_on if self.target else frozenset())
        until = FOREVER if self.ended_at is None else self.ended_at
        return tuple(
            Pause(moment(start), optional_moment(None if end >= FOREVER else end), span.status)
            for span in self.spans
            if span.status in paused
            and (start := max(span.start, self.started_at)) < (end := min(span.end, until))
        )

    def _warnings(self, target: Target) -> tuple[WarningPoint, ...]:
        pauses = self.pauses()
        found = []
        for threshold in target.warn_at:
            at = deadline(self.slices, threshold.need(target.seconds), pauses)
            if at is not None:
                found.append(WarningPoint(threshold.label, moment(at)))
        return tuple(sorted(found, key=lambda w: (w.at, w.threshold)))
