"""The course of a conversation: the one place that decides what starts, pauses and stops clocks."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sla.clocks.domain.clocks import Clock
from sla.clocks.domain.facts import CLOSED, Fact, FactKind, Place, place_of
from sla.clocks.domain.status_history import StatusHistory
from sla.clocks.domain.tracks import Track
from sla.rules.domain.conditions import Attributes
from sla.rules.domain.instants import micros
from sla.rules.domain.policy import AgentInitiated, Metric, Policy, Ruleset

_REPLIES = frozenset({FactKind.AGENT_MESSAGE, FactKind.BOT_MESSAGE, FactKind.NOTE})


@dataclass
class Course:
    """Reads facts in order, beginning with the opening, and keeps a track for each clock."""

    rules: Ruleset
    opening: Fact
    attributes: Attributes = field(default_factory=dict)
    policy: Policy | None = None
    matched: bool = False
    status: str = "new"
    history: StatusHistory = field(default_factory=StatusHistory)
    tracks: list[Track] = field(default_factory=list)
    current: dict[Metric, Track] = field(default_factory=dict)
    agent_initiated: AgentInitiated | None = None
    awaiting_customer: bool = False
    responded: bool = False
    unanswered: list[Fact] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.opened_at = micros(self.opening.occurred_at)
        self.opened_by = self.opening.opened_by or "customer"
        self._adopt(self.opening, self.opened_at)
        self._move(self.opening.status or "new", self.opened_at, self.opening)
        if self.opened_by != "customer":
            mode = self.policy.agent_initiated if self.policy else "from_first_customer_message"
            self.agent_initiated = mode
            self.awaiting_customer = mode == "from_first_customer_message"
            self.responded = mode == "skip"
        if self.agent_initiated in {None, "from_creation"}:
            self._begin(self.opened_at, self.opening)

    def read(self, fact: Fact, *, outlasts: bool = True) -> None:
        """Take one more fact into account, the next in order.

        ``outlasts`` is False for a customer's message that every later change of status has seen.
        """
        at = max(micros(fact.occurred_at), self.opened_at)
        if fact.kind is FactKind.CUSTOMER_MESSAGE:
            self._customer_wrote(fact, at, outlasts=outlasts)
        elif fact.kind in _REPLIES:
            # A message from before the conversation existed answers nothing in it.
            if micros(fact.occurred_at) >= self.opened_at:
                self._replied(fact, at)
        elif fact.kind is FactKind.STATUS:
            self._adopt(fact, at)
            self._move(fact.status or self.status, at, fact)
        elif fact.kind is FactKind.ATTRIBUTES:
            self._adopt(fact, at)

    def describe(self, attributes: Attributes) -> None:
        """Give the conversation these attributes, and the policy that covers it with them."""
        self.attributes = dict(attributes)
        self.policy = self.rules.match({**self.attributes, "opened_by": self.opened_by})

    def is_settled(self, track: Track) -> bool:
        """Return whether no later fact can change the last cycle of a metric."""
        if track.metric is Metric.FIRST_RESPONSE:
            return self.responded
        return track.metric is Metric.NEXT_RESPONSE and not track.is_open

    def frontiers(self, following: Place) -> dict[Metric, Place]:
        """Return from which opener on later facts, the first at ``following``, can change clocks.

        A metric is left out when they can change none.
        """
        frontiers = {metric: self._frontier(metric, following) for metric in Metric}
        return {metric: place for metric, place in frontiers.items() if place is not None}

    def _frontier(self, metric: Metric, following: Place) -> Place | None:
        track = self.current.get(metric)
        if track is not None and not self.is_settled(track):
            return track.opener
        if metric is Metric.NEXT_RESPONSE and self.unanswered:
            return place_of(self.unanswered[0])
        return None if metric is Metric.FIRST_RESPONSE and self.responded else following

    def clocks(self, tracks: Iterable[Track]) -> tuple[Clock, ...]:
        clocks = (track.clock(self.rules, self.history) for track in tracks if _counts(track))
        return tuple(clock for clock in clocks if clock is not None)

    def _adopt(self, fact: Fact, at: int) -> None:
        if fact is not self.opening and fact.attributes == self.attributes:
            return
        self.describe(fact.attributes)
        self.matched = self.matched or self.policy is not None
        for track in self.current.values():
            self._retarget(track, at)

    def _retarget(self, track: Track, at: int) -> None:
        attribute = self.attributes.get("priority")
        priority = str(attribute) if attribute is not None else None
        target = self.policy.target(track.metric, priority) if self.policy else None
        track.retarget(self.policy, target, self.rules, at=at, history=self.history)

    def _start(self, metric: Metric, at: int, by: Fact) -> None:
        previous = self.current.get(metric)
        cycle = previous.cycle + 1 if previous else 1
        track = Track(metric, cycle, place_of(by), at, by.recorded_at, by.backfill)
        self.tracks.append(track)
        self.current[metric] = track
        self._retarget(track, at)

    def _begin(self, at: int, by: Fact) -> None:
        self._start(Metric.FIRST_RESPONSE, at, by)
        self._start(Metric.RESOLUTION, at, by)

    def _customer_wrote(self, fact: Fact, at: int, *, outlasts: bool) -> None:
        if self.awaiting_customer:
            self.awaiting_customer = False
            self._begin(at, fact)
        elif self.responded:
            is_oldest = not self.unanswered
            if is_oldest or outlasts:
                self.unanswered.append(fact)
            if is_oldest and self.status not in CLOSED:
                self._start(Metric.NEXT_RESPONSE, at, fact)

    def _replied(self, fact: Fact, at: int) -> None:
        if self.awaiting_customer:
            return
        if self.agent_initiated == "from_creation" and fact.kind is FactKind.AGENT_MESSAGE:
            # The message that opened the conversation is not the answer; the next one is.
            self.agent_initiated = None
            return
        self._answer_first(fact, at)
        waiting = self.current.get(Metric.NEXT_RESPONSE)
        if waiting is None or not waiting.is_open:
            if fact.kind is FactKind.AGENT_MESSAGE:
                self.unanswered.clear()
        elif waiting.is_answered_by(fact.kind):
            waiting.meet(at, fact, self.history)
            self.unanswered.clear()

    def _answer_first(self, fact: Fact, at: int) -> None:
        first = self.current.get(Metric.FIRST_RESPONSE)
        if not self.responded and first is not None and first.is_answered_by(fact.kind):
            self.responded = True
            first.meet(at, fact, self.history)

    def _move(self, status: str, at: int, by: Fact) -> None:
        if status == self.status:
            return
        previous, self.status = self.status, status
        if status in CLOSED and previous not in CLOSED:
            self._close(at, by)
        for track in self.current.values():
            track.mark_breach(at, self.history, inclusive=True)
        self.history.move(status, at)
        if previous in CLOSED and status not in CLOSED:
            self._reopen(at, by)

    def _close(self, at: int, by: Fact) -> None:
        resolution = self.current.get(Metric.RESOLUTION)
        if resolution is not None:
            resolution.meet(at, by, self.history)
        oldest = self.unanswered[:1]
        # A message that arrived after the closing was unseen then, and still needs an answer.
        self.unanswered = [fact for fact in self.unanswered if fact.sequence > by.sequence]
        unseen = bool(oldest) and oldest == self.unanswered[:1]
        for metric in (Metric.FIRST_RESPONSE, Metric.NEXT_RESPONSE):
            if metric in self.current and not (metric is Metric.NEXT_RESPONSE and unseen):
                self.current[metric].cancel(at, by, self.history, reason="resolved")

    def _reopen(self, at: int, by: Fact) -> None:
        resolution = self.current.get(Metric.RESOLUTION)
        if resolution is not None:
            target = resolution.target
            if target is not None and target.reopen == "new_cycle" and not resolution.is_open:
                self._start(Metric.RESOLUTION, at, by)
            else:
                self._resume(resolution, at)
        first = self.current.get(Metric.FIRST_RESPONSE)
        if first is not None and not self.responded:
            self._resume(first, at)
        waiting = self.current.get(Metric.NEXT_RESPONSE)
        if self.unanswered and (waiting is None or not waiting.is_open):
            oldest = self.unanswered[0]
            asked_at = max(micros(oldest.occurred_at), self.opened_at)
            self._start(Metric.NEXT_RESPONSE, asked_at, oldest)

    def _resume(self, track: Track, at: int) -> None:
        """Continue the same clock, unless it has breached: a breach is final."""
        if track.breached_at is None:
            track.resume()
            self._retarget(track, at)


def _counts(track: Track) -> bool:
    """Return whether its policy judges the track: not if it had ended before that was made."""
    ended_by, policy = track.ended_by, track.policy
    return ended_by is None or policy is None or ended_by.recorded_at >= policy.since
