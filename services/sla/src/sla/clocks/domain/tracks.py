"""One cycle of one metric while the facts are read: started, retargeted, stopped, resumed."""

from dataclasses import dataclass, field
from datetime import datetime

from sla.clocks.domain.clocks import Clock, ClockState, EarlierPauses, Pause, WarningPoint
from sla.clocks.domain.facts import CLOSED, Fact, FactKind, Place
from sla.clocks.domain.status_history import ListedPauses, StatusHistory, StatusSpan, Stopwatch
from sla.rules.domain.hours import FOREVER, Slice
from sla.rules.domain.instants import SECOND, micros, optional_time_of, time_of
from sla.rules.domain.policy import Metric, Policy, Ruleset, Target


@dataclass(slots=True)
class Track:
    """The life of a clock. Instants are microseconds.

    It exists whether or not a policy has a target for it, so that a later policy finds its start.
    ``opener`` is the place of the fact that opened it; ``cycle`` counts the tracks read so far.
    The conversation owns the history of its status and passes it to each method that needs it.
    """

    metric: Metric
    cycle: int
    opener: Place
    started_at: int
    known_at: datetime
    silent: bool
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
    _stopwatch: Stopwatch | None = None

    @property
    def is_open(self) -> bool:
        return self.ended_at is None

    def retarget(
        self,
        policy: Policy | None,
        target: Target | None,
        rules: Ruleset,
        *,
        at: int,
        history: StatusHistory,
    ) -> None:
        """Apply another policy's target from the start on, each slice by its own hours.

        A breach that has already happened keeps its old target.
        """
        self.mark_breach(at, history, inclusive=True)
        if self.breached_at is not None or not self.is_open:
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
        """Return when the target began to apply: never before its policy was made."""
        since = micros(policy.since) if policy.since > self.known_at else self.started_at
        return max(at, since, self.started_at)

    def mark_breach(self, at: int, history: StatusHistory, *, inclusive: bool) -> None:
        """Record the breach if the deadline came before an instant, or at it if ``inclusive``."""
        if not self.applies or self.breached_at is not None or not self.is_open:
            return
        due = self._deadline(history, at)
        if due is not None and (due < at or (inclusive and due == at)):
            self.breached_at = self.due_at = due

    def is_answered_by(self, kind: FactKind) -> bool:
        """Return whether a message of this kind is the answer that the clock waits for."""
        human_only = self.target.human_only if self.target else True
        notes = self.target.private_notes if self.target else False
        if kind is FactKind.BOT_MESSAGE:
            return not human_only
        return kind is FactKind.AGENT_MESSAGE or (kind is FactKind.NOTE and notes)

    def meet(self, at: int, by: Fact, history: StatusHistory) -> None:
        """Stop the clock with its answer: met at the deadline itself, breached after it."""
        self.mark_breach(at, history, inclusive=False)
        if self.is_open:
            self._end(at, by, history)
            self.met_at = at

    def cancel(self, at: int, by: Fact, history: StatusHistory, *, reason: str) -> None:
        """Stop the clock without an answer; an earlier breach stays a breach."""
        self.mark_breach(at, history, inclusive=False)
        if self.is_open:
            self._end(at, by, history)
            self.reason = self.reason or reason

    def _end(self, at: int, by: Fact, history: StatusHistory) -> None:
        if self.breached_at is None:
            self.due_at = self._deadline(history, at)
        self.ended_at, self.ended_by = at, by

    def resume(self) -> None:
        """Undo the end; the history of the status shows the stretch since then as a pause."""
        self.met_at = self.ended_at = self.ended_by = self.due_at = None
        self.reason = None

    def clock(self, rules: Ruleset, history: StatusHistory) -> Clock | None:
        """Return the outcome; None when no policy ever had a target for it."""
        if self.policy is None or self.target is None:
            return None
        state = self._state(history)
        due = self.due_at if self.breached_at is not None or not self.is_open else None
        if state in {ClockState.RUNNING, ClockState.PAUSED}:
            due = self._deadline(history)
        listed = self._listed_pauses(history)
        return Clock(
            metric=self.metric,
            cycle=self.cycle,
            opener=self.opener,
            state=state,
            policy_id=self.policy.policy_id,
            policy_version=self.policy.version,
            policy_name=self.policy.name,
            target_seconds=self.target.seconds,
            calendar_id=self.target.calendar_id,
            calendar_version=rules.calendar_version(self.target.calendar_id),
            started_at=time_of(self.started_at),
            due_at=None if state is ClockState.PAUSED else optional_time_of(due),
            met_at=optional_time_of(self.met_at),
            breached_at=optional_time_of(self.breached_at),
            ended_at=optional_time_of(self.ended_at),
            in_force_at=time_of(self.in_force_at),
            reason=self._reason(state, due),
            silent=self.silent,
            pauses=tuple(_pause(span) for span in listed.spans),
            earlier=_earlier(listed),
            warnings=self._warnings(self.target, history) if state is ClockState.RUNNING else (),
        )

    def _pausing_statuses(self) -> frozenset[str]:
        return CLOSED | (self.target.pause_on if self.target else frozenset())

    def _watch(self, history: StatusHistory) -> Stopwatch:
        """Return the clock's stopwatch; one for other pauses counts from the start again."""
        statuses = self._pausing_statuses()
        if self._stopwatch is None or self._stopwatch.statuses != statuses:
            self._stopwatch = Stopwatch.started(self.started_at, history, statuses)
        return self._stopwatch

    def _deadline(self, history: StatusHistory, until: int = FOREVER) -> int | None:
        """Return the deadline, by the pauses known at an instant."""
        return self._reached(self.target.seconds * SECOND, history, until) if self.target else None

    def _reached(self, need: int, history: StatusHistory, until: int = FOREVER) -> int | None:
        return self._watch(history).due(need, self.slices, history, until)

    def _listed_pauses(self, history: StatusHistory) -> ListedPauses:
        until = FOREVER if self.ended_at is None else self.ended_at
        return self._watch(history).pauses(self.slices, history, until)

    def _state(self, history: StatusHistory) -> ClockState:
        if self.breached_at is not None:
            return ClockState.BREACHED
        if not self.applies:
            return ClockState.CANCELLED
        if self.met_at is not None:
            return ClockState.MET
        if not self.is_open:
            return ClockState.CANCELLED
        is_paused = history.is_in(self._pausing_statuses())
        return ClockState.PAUSED if is_paused else ClockState.RUNNING

    def _reason(self, state: ClockState, due: int | None) -> str | None:
        if state is not ClockState.BREACHED:
            return self.reason
        if due is not None and self.started_at < self.in_force_at >= due:
            return "breached_on_apply"
        if self.met_at is not None:
            return "answered_late"
        return None if self.is_open else "ended_unanswered"

    def _warnings(self, target: Target, history: StatusHistory) -> tuple[WarningPoint, ...]:
        points = []
        for threshold in target.warn_at:
            at = self._reached(threshold.needed(target.seconds), history)
            if at is not None:
                points.append(WarningPoint(threshold.label, time_of(at)))
        return tuple(sorted(points, key=lambda point: (point.at, point.threshold)))


def _pause(span: StatusSpan) -> Pause:
    end = None if span.end >= FOREVER else time_of(span.end)
    return Pause(time_of(span.start), end, span.status)


def _earlier(listed: ListedPauses) -> EarlierPauses | None:
    if not listed.earlier:
        return None
    return EarlierPauses(listed.earlier, listed.length, listed.counted)
