"""From facts to clocks: the one place that says what starts, pauses and stops them.

The result depends on the set of facts only, not on the order or number of their arrivals.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sla.clocks.domain.clocks import Clock
from sla.clocks.domain.facts import ACTIVE, CLOSED, End, Fact, FactKind, in_order
from sla.clocks.domain.tracks import StatusSpan, Track
from sla.rules.domain.conditions import Attributes
from sla.rules.domain.hours import FOREVER
from sla.rules.domain.instants import micros
from sla.rules.domain.policy import AgentInitiated, Metric, Policy, Ruleset

_SAID = frozenset({FactKind.AGENT_MESSAGE, FactKind.BOT_MESSAGE, FactKind.NOTE})


@dataclass(frozen=True, slots=True)
class Folded:
    """``matched`` says whether any policy was ever for this conversation."""

    clocks: tuple[Clock, ...]
    matched: bool
    status: str


def fold(facts: Iterable[Fact], rules: Ruleset, *, fallback: Attributes) -> Folded:
    """Return the clocks of a conversation.

    ``fallback`` are its attributes as last heard, for when its opening is not known.
    """
    ordered = in_order(facts)
    if not ordered:
        return Folded((), matched=False, status="new")
    if ordered[0].kind is not FactKind.OPENED:
        ordered.insert(0, _supposed_opening(ordered[0], fallback))
    conversation = _Conversation(rules, ordered[0])
    for fact in ordered[1:]:
        conversation.read(fact)
    return conversation.folded()


class Fold:
    """A fold that goes on: facts behind those read before cost no more than themselves."""

    def __init__(self, facts: Iterable[Fact], rules: Ruleset) -> None:
        """Read the facts. Raises ValueError unless the conversation's opening is among them."""
        ordered = in_order(facts)
        if not ordered or ordered[0].kind is not FactKind.OPENED:
            raise ValueError("only what begins with its opening can be gone on with")
        self._conversation = _Conversation(rules, ordered[0])
        for fact in ordered[1:]:
            self._conversation.read(fact)
        self._end = End.of(ordered)

    def folded(self) -> Folded:
        """Return all clocks, as ``fold`` would."""
        return self._conversation.folded()

    def go_on(self, facts: Iterable[Fact]) -> tuple[Clock, ...] | None:
        """Read facts that are new; return the clocks that may have changed with them.

        None, with nothing read, when a fact is late: then all must be folded anew.
        """
        ordered = self._end.continued(facts)
        if ordered is None:
            return None
        known, before = self._conversation.live(), len(self._conversation.tracks)
        for fact in ordered:
            self._conversation.read(fact)
        self._end.move(ordered)
        return self._conversation.clocks([*known, *self._conversation.tracks[before:]])


def _supposed_opening(first: Fact, fallback: Attributes) -> Fact:
    """An opening that was lost must not leave a conversation without clocks."""
    by_customer = first.kind is FactKind.CUSTOMER_MESSAGE
    return Fact(
        sequence=0,
        kind=FactKind.OPENED,
        occurred_at=first.occurred_at,
        recorded_at=first.recorded_at,
        backfill=first.backfill,
        status="open",
        opened_by="customer" if by_customer else "agent",
        attributes=fallback,
    )


@dataclass
class _Conversation:
    rules: Ruleset
    opening: Fact
    attributes: Attributes = field(default_factory=dict)
    policy: Policy | None = None
    matched: bool = False
    status: str = "new"
    spans: list[StatusSpan] = field(default_factory=list)
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

    def read(self, fact: Fact) -> None:
        at = max(micros(fact.occurred_at), self.opened_at)
        if fact.kind is FactKind.CUSTOMER_MESSAGE:
            self._customer_spoke(fact, at)
        elif fact.kind in _SAID:
            # What was said before the conversation existed answers nothing in it.
            if micros(fact.occurred_at) >= self.opened_at:
                self._said(fact, at)
        elif fact.kind is FactKind.STATUS:
            self._adopt(fact, at)
            self._move(fact.status or self.status, at, fact)
        elif fact.kind is FactKind.ATTRIBUTES:
            self._adopt(fact, at)

    def live(self) -> list[Track]:
        """Return the tracks that what is still to be read can change: each metric's last cycle."""
        return list(self.current.values())

    def clocks(self, tracks: Iterable[Track]) -> tuple[Clock, ...]:
        clocks = (track.clock(self.rules) for track in tracks if self._counts(track))
        return tuple(c for c in clocks if c is not None)

    def folded(self) -> Folded:
        return Folded(self.clocks(self.tracks), self.matched, self.status)

    def _counts(self, track: Track) -> bool:
        """What had ended, as far as we knew, before a policy was made is not judged by it."""
        ended_by, policy = track.ended_by, track.policy
        return ended_by is None or policy is None or ended_by.recorded_at >= policy.since

    def _adopt(self, fact: Fact, at: int) -> None:
        if fact is not self.opening and fact.attributes == self.attributes:
            return
        self.attributes = dict(fact.attributes)
        self.policy = self.rules.match({**self.attributes, "opened_by": self.opened_by})
        self.matched = self.matched or self.policy is not None
        for track in self.current.values():
            self._apply(track, at)

    def _apply(self, track: Track, at: int) -> None:
        priority = self.attributes.get("priority")
        wanted = str(priority) if priority is not None else None
        target = self.policy.target(track.metric, wanted) if self.policy else None
        track.retarget(self.policy, target, self.rules, at)

    def _start(self, metric: Metric, at: int, by: Fact) -> None:
        before = self.current.get(metric)
        cycle = before.cycle + 1 if before else 1
        track = Track(metric, cycle, at, by.recorded_at, by.backfill, self.spans)
        self.tracks.append(track)
        self.current[metric] = track
        self._apply(track, at)

    def _begin(self, at: int, by: Fact) -> None:
        self._start(Metric.FIRST_RESPONSE, at, by)
        self._start(Metric.RESOLUTION, at, by)

    def _customer_spoke(self, fact: Fact, at: int) -> None:
        if self.awaiting_customer:
            self.awaiting_customer = False
            self._begin(at, fact)
        elif self.responded:
            self.unanswered.append(fact)
            if len(self.unanswered) == 1 and self.status not in CLOSED:
                self._start(Metric.NEXT_RESPONSE, at, fact)

    def _said(self, fact: Fact, at: int) -> None:
        if self.awaiting_customer:
            return
        if self.agent_initiated == "from_creation" and fact.kind is FactKind.AGENT_MESSAGE:
            # The message that opened the conversation is not the answer; the next one is.
            self.agent_initiated = None
            return
        self._answer_first(fact, at)
        waiting = self.current.get(Metric.NEXT_RESPONSE)
        if waiting is None or not waiting.open:
            if fact.kind is FactKind.AGENT_MESSAGE:
                self.unanswered.clear()
        elif waiting.satisfied_by(fact.kind):
            waiting.meet(at, fact)
            self.unanswered.clear()

    def _answer_first(self, fact: Fact, at: int) -> None:
        first = self.current.get(Metric.FIRST_RESPONSE)
        if not self.responded and first is not None and first.satisfied_by(fact.kind):
            self.responded = True
            first.meet(at, fact)

    def _move(self, status: str, at: int, by: Fact) -> None:
        if status == self.status:
            return
        was, self.status = self.status, status
        closing, reopening = status in CLOSED and was not in CLOSED, was in CLOSED
        if closing:
            self._close(at, by)
        for track in self.current.values():
            track.settle(at, inclusive=True)
        if self.spans and self.spans[-1].end == FOREVER:
            self.spans[-1].end = at
        if status not in ACTIVE:
            self.spans.append(StatusSpan(at, FOREVER, status))
        if reopening and status not in CLOSED:
            self._reopen(at, by)

    def _close(self, at: int, by: Fact) -> None:
        resolution = self.current.get(Metric.RESOLUTION)
        if resolution is not None:
            resolution.meet(at, by)
        oldest = self.unanswered[:1]
        # Whoever resolved it had not seen what arrived only afterwards; that still wants an answer.
        self.unanswered = [said for said in self.unanswered if said.sequence > by.sequence]
        unseen = bool(oldest) and oldest == self.unanswered[:1]
        for metric in (Metric.FIRST_RESPONSE, Metric.NEXT_RESPONSE):
            if metric in self.current and not (metric is Metric.NEXT_RESPONSE and unseen):
                self.current[metric].cancel(at, by, "resolved")

    def _reopen(self, at: int, by: Fact) -> None:
        resolution = self.current.get(Metric.RESOLUTION)
        if resolution is not None:
            if resolution.target is not None and resolution.target.reopen == "new_cycle":
                self._start(Metric.RESOLUTION, at, by)
            else:
                self._continue(resolution, at)
        first = self.current.get(Metric.FIRST_RESPONSE)
        if first is not None and not self.responded:
            self._continue(first, at)
        waiting = self.current.get(Metric.NEXT_RESPONSE)
        if self.unanswered and (waiting is None or not waiting.open):
            oldest = self.unanswered[0]
            asked_at = max(micros(oldest.occurred_at), self.opened_at)
            self._start(Metric.NEXT_RESPONSE, asked_at, oldest)

    def _continue(self, track: Track, at: int) -> None:
        """Carry on with the same clock; one that has breached is final."""
        if track.breached_at is None:
            track.resume()
            self._apply(track, at)
