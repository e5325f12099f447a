"""Folds that go on from checkpoints give the clocks of all facts, whatever arrives."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.sla.tests.calendars import calendar
from services.sla.tests.life import FIRST, NEXT, RESOLUTION, Life, after, policy, rules, target
from sla.clocks.domain.checkpoints.checkpoint import Checkpoint, Spacing
from sla.clocks.domain.checkpoints.heads import Head, Uncovered, head_of
from sla.clocks.domain.checkpoints.states import state_of
from sla.clocks.domain.clocks import Clock, ClockKey, ClockState
from sla.clocks.domain.facts import Fact, FactKind, Place, in_order
from sla.clocks.domain.fold import Refolded, fold
from sla.clocks.usecases.continuation import continue_fold
from sla.clocks.usecases.long_conversations import fold_long
from sla.rules.domain.conditions import Condition, Conditions
from sla.rules.domain.policy import Ruleset

FALLBACK = {"priority": "low"}
URGENT = Conditions(all_of=(Condition("priority", "eq", ("urgent",)),))
COVERED = Conditions(all_of=(Condition("priority", "ne", ("other",)),))


def _two(mode: str) -> Ruleset:
    """Return rules in which everything can count as an answer, by one of two policies."""
    return rules(
        policy(
            target(FIRST, 20, human_only=False),
            target(NEXT, 30, private_notes=True),
            target(RESOLUTION, 60, reopen="new_cycle", pause_on=frozenset({"pending"})),
            conditions=URGENT,
        ),
        policy(
            target(FIRST, 30, calendar_id="office"),
            target(NEXT, 15),
            target(RESOLUTION, 90, pause_on=frozenset({"pending", "on_hold"})),
            number=2,
            conditions=COVERED,
            agent_initiated=mode,
            since=after(40),
        ),
        office=calendar(),
    )


RULES = [
    rules(policy(target(FIRST, 30), target(NEXT, 15), target(RESOLUTION, 90))),
    *map(_two, ("skip", "from_first_customer_message", "from_creation")),
]
MESSAGES = [
    FactKind.CUSTOMER_MESSAGE,
    FactKind.CUSTOMER_MESSAGE,
    FactKind.AGENT_MESSAGE,
    FactKind.BOT_MESSAGE,
    FactKind.NOTE,
]
CHANGES = [FactKind.ATTRIBUTES, FactKind.STATUS]
STATUSES = ["open", "pending", "on_hold", "resolved", "closed"]


class MemoryChain:
    """Checkpoints as the store returns them: without the facts of those that have a digest."""

    def __init__(self) -> None:
        self.stored: dict[Place, Checkpoint] = {}
        self.facts_read = 0

    def save(self, rewritten: Sequence[Checkpoint], restated: Sequence[Checkpoint]) -> None:
        self.stored |= {checkpoint.start: checkpoint for checkpoint in rewritten}
        for checkpoint in restated:
            stored = self.stored[checkpoint.start]
            self.stored[checkpoint.start] = stored.restated(checkpoint.state)

    async def before(self, place: Place) -> Checkpoint:
        return self._loaded(max(start for start in self.stored if start <= place))

    async def after(self, checkpoint: Checkpoint) -> Checkpoint | None:
        later = [start for start in self.stored if start > checkpoint.start]
        if not later:
            return None
        following = self.stored[min(later)]
        return following if following.digest is None else replace(following, facts=None)

    async def with_facts(self, checkpoint: Checkpoint) -> Checkpoint:
        return self._loaded(checkpoint.start)

    def _loaded(self, start: Place) -> Checkpoint:
        self.facts_read += self.stored[start].size
        return self.stored[start]


class Stored:
    """A conversation whose fold is stored, with the clocks that followed from each batch."""

    def __init__(self, facts: Sequence[Fact], ruleset: Ruleset, spacing: Spacing) -> None:
        self.ruleset, self.spacing = ruleset, spacing
        self.rebuilds = -1
        self._begin(facts)

    def _begin(self, facts: Sequence[Fact]) -> None:
        self.rebuilds += 1
        self.chain = MemoryChain()
        folded, new = fold_long(facts, self.ruleset, fallback=FALLBACK, spacing=self.spacing)
        self.chain.save(new.checkpoints, [])
        self.head = new.head
        self.clocks = {clock.key: clock for clock in folded.clocks}

    def add(self, batch: Sequence[Fact], everything: Sequence[Fact]) -> None:
        """Read a batch as the service does after a restart: from what is stored."""
        head = Head.of(self.head, self.ruleset)
        unsaved = [f for f in everything if f.sequence > head.fold.end.sequence]
        facts = list({fact.sequence: fact for fact in (*unsaved, *batch)}.values())
        continuation = None
        if head.fold.still_opens(batch, FALLBACK):
            going_on = continue_fold(self.chain, head, facts, self.spacing)
            continuation = asyncio.run(going_on)
        if continuation is None:
            self._begin(everything)
            return
        self.chain.save(continuation.rewritten, continuation.restated)
        if not continuation.unsaved:
            self.head = head_of(continuation.fold)
        for refolded in continuation.refolded:
            self.clocks = _replaced(self.clocks, refolded)
        expected = fold_long(everything, self.ruleset, fallback=FALLBACK)[1].fold
        assert expected is not None
        assert state_of(continuation.fold.course) == state_of(expected.course)
        assert continuation.fold.end == expected.end


def _replaced(clocks: dict[ClockKey, Clock], refolded: Refolded) -> dict[ClockKey, Clock]:
    """Return the clocks, with those in the refolded cycles replaced."""
    kept = {
        (metric, cycle): clock
        for (metric, cycle), clock in clocks.items()
        if not refolded.cycles[metric][0] <= cycle <= refolded.cycles[metric][1]
    }
    fresh = {clock.key: clock for clock in refolded.clocks}
    assert not kept.keys() & fresh.keys()
    return kept | fresh


def _add(life: Life, draw, kind: FactKind, minutes: int) -> None:
    recorded = draw(st.sampled_from([minutes, minutes + 50]))
    priority = {"priority": draw(st.sampled_from(["low", "urgent", "other"]))}
    if kind is FactKind.STATUS:
        status = draw(st.sampled_from(STATUSES))
        life.add(kind, minutes, status=status, attributes=priority, recorded=recorded)
    elif kind is FactKind.ATTRIBUTES:
        life.add(kind, minutes, attributes=priority, recorded=recorded)
    else:
        life.add(kind, minutes, recorded=recorded)


@st.composite
def threads(draw) -> list[Fact]:
    """Return a conversation that mostly goes forward, with some late facts."""
    life = Life()
    if draw(st.integers(0, 9)):
        life.opened(by=draw(st.sampled_from(["customer", "agent", "bot"])), priority="low")
    kinds = st.sampled_from(MESSAGES * draw(st.integers(1, 4)) + CHANGES)
    minutes = 0
    for _ in range(draw(st.integers(1, 40))):
        minutes += draw(st.integers(0, 9))
        is_late = draw(st.integers(0, 5)) == 0
        _add(life, draw, draw(kinds), draw(st.integers(-5, minutes)) if is_late else minutes)
    return life.facts


@given(
    life=threads(),
    ruleset=st.sampled_from(RULES),
    spacing=st.builds(Spacing, st.integers(1, 5), st.sampled_from([0, 2, 99])),
    data=st.data(),
)
@settings(max_examples=600, deadline=None)
def test_whatever_arrives_the_clocks_are_those_of_all_facts(life, ruleset, spacing, data):
    if data.draw(st.integers(0, 4)) == 0:
        life = data.draw(st.permutations(life))
    first = data.draw(st.integers(1, len(life)))
    read, rest = life[:first], life[first:]
    stored = Stored(read, ruleset, spacing)
    while rest:
        size = data.draw(st.integers(1, max(1, min(6, len(rest)))))
        batch, rest = rest[:size], rest[size:]
        read = [*read, *batch]
        stored.add(batch, read)
        expected = fold(read, ruleset, fallback=FALLBACK).clocks
        assert stored.clocks == {clock.key: clock for clock in expected}


def _chat(turns: int, *, answered: bool) -> Life:
    life = Life().opened()
    for turn in range(turns):
        life.customer(turn)
        if answered:
            life.agent(turn + 0.5)
    return life


def _late(life: Life, kind: FactKind, minutes: float) -> tuple[Stored, Fact]:
    stored = Stored(life.facts, RULES[0], Spacing(facts=20, digested=4))
    fact = life.add(kind, minutes, recorded=9_999).facts[-1]
    stored.add([fact], life.facts)
    assert stored.rebuilds == 0
    expected = fold(life.facts, RULES[0], fallback=FALLBACK).clocks
    assert stored.clocks == {clock.key: clock for clock in expected}
    return stored, fact


@pytest.mark.parametrize("kind", [FactKind.CUSTOMER_MESSAGE, FactKind.AGENT_MESSAGE])
@pytest.mark.parametrize("answered", [True, False])
def test_a_late_message_reads_only_facts_around_it(kind, answered):
    stored, _ = _late(_chat(1_000, answered=answered), kind, 5.7 if answered else 5)
    assert stored.chain.facts_read <= 40


def test_a_late_answer_to_a_long_monologue_leaves_its_next_message_waiting():
    stored, _ = _late(_chat(500, answered=False), FactKind.AGENT_MESSAGE, 4.5)
    assert stored.clocks[FIRST, 1].met_at == after(4.5)
    waiting = stored.clocks[NEXT, 1]
    assert (waiting.state, waiting.started_at) == (ClockState.RUNNING, after(5))


def test_the_state_does_not_grow_with_messages():
    sizes = [
        len(fold_long(_chat(turns, answered=answered).facts, RULES[0], fallback={})[1].head)
        for answered in (True, False)
        for turns in (100, 2_000)
    ]
    assert sizes[1] <= sizes[0] + 20
    assert sizes[3] <= sizes[2] + 20


@given(life=threads(), ruleset=st.sampled_from(RULES))
@settings(max_examples=100, deadline=None)
def test_a_conversation_counts_as_covered_when_a_fold_of_it_would(life, ruleset):
    uncovered = Uncovered.of(in_order(life))
    if uncovered is not None:
        restored = Uncovered.of_text(uncovered.text())
        expected = fold(life, ruleset, fallback={}).matched
        assert restored.is_covered_by(ruleset) is expected
