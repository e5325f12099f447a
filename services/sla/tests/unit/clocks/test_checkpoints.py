"""Folds that go on from checkpoints give the clocks of all facts, whatever arrives."""

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.sla.tests.calendars import CountedHours, calendar
from services.sla.tests.life import FIRST, NEXT, RESOLUTION, Life, after, policy, rules, target
from services.sla.tests.stored_fold import FALLBACK, Stored, by_opener
from sla.clocks.domain import status_history
from sla.clocks.domain.checkpoints.checkpoint import Spacing
from sla.clocks.domain.checkpoints.heads import Head, Uncovered
from sla.clocks.domain.clocks import ClockState
from sla.clocks.domain.facts import Fact, FactKind, in_order
from sla.clocks.domain.fold import fold
from sla.clocks.usecases.continuation import continue_fold
from sla.clocks.usecases.long_conversations import fold_long
from sla.rules.domain.conditions import Condition, Conditions
from sla.rules.domain.policy import Ruleset

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
RUNS = [
    [FactKind.CUSTOMER_MESSAGE, FactKind.CUSTOMER_MESSAGE],
    [FactKind.AGENT_MESSAGE, FactKind.AGENT_MESSAGE],
    [FactKind.BOT_MESSAGE, FactKind.BOT_MESSAGE],
    [FactKind.BOT_MESSAGE, FactKind.NOTE],
    [FactKind.AGENT_MESSAGE, FactKind.BOT_MESSAGE],
]
CHANGES = [FactKind.ATTRIBUTES, FactKind.STATUS]
STATUSES = ["open", "pending", "on_hold", "resolved", "closed"]


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
    run = draw(st.sampled_from([[], [], *RUNS])) * 30
    kinds = st.sampled_from(run + MESSAGES * draw(st.integers(1, 4)) + CHANGES)
    minutes = 0
    for _ in range(draw(st.integers(1, 40))):
        minutes += draw(st.integers(0, 9))
        is_late = draw(st.integers(0, 5)) == 0
        _add(life, draw, draw(kinds), draw(st.integers(-5, minutes)) if is_late else minutes)
    return life.facts


@pytest.fixture(autouse=True, scope="module")
def few_pauses_listed() -> Iterator[None]:
    """Clocks of the short conversations here do not list all of their pauses either."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(status_history, "MAX_LISTED", 4)
        patched.setattr(status_history, "_STEP", 2)
        yield


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
        assert stored.clocks == by_opener(expected)
        assert stored.reread(read) == []


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
    assert stored.clocks == by_opener(expected)
    return stored, fact


@pytest.mark.parametrize("kind", [FactKind.CUSTOMER_MESSAGE, FactKind.AGENT_MESSAGE])
@pytest.mark.parametrize("answered", [True, False])
def test_a_late_message_reads_only_facts_around_it(kind, answered):
    stored, _ = _late(_chat(1_000, answered=answered), kind, 5.7 if answered else 5)
    assert stored.chain.facts_read <= 40


@pytest.mark.parametrize("turns", [200, 2_000])
@pytest.mark.parametrize("kind", [FactKind.CUSTOMER_MESSAGE, FactKind.AGENT_MESSAGE])
def test_a_late_message_skips_the_rest_of_a_monologue(turns, kind):
    """The cost does not depend on how many messages come after it."""
    stored, _ = _late(_chat(turns, answered=False), kind, 4.5)
    assert stored.chain.visited <= 4
    assert stored.restated <= 3


@pytest.mark.parametrize("turns", [200, 2_000])
@pytest.mark.parametrize(
    "kind", [FactKind.AGENT_MESSAGE, FactKind.BOT_MESSAGE, FactKind.NOTE, FactKind.CUSTOMER_MESSAGE]
)
@pytest.mark.parametrize("ruleset", RULES[:2])
def test_a_late_question_that_reopens_skips_a_run_of_ours(turns, kind, ruleset):
    """A run is skipped whoever writes in it, and whether or not that counts as an answer."""
    life = Life().opened(priority="urgent").customer(0).agent(0.5).status(1, "pending")
    for turn in range(turns):
        life.add(kind, turn + 2)
    stored = Stored(life.facts, ruleset, Spacing(facts=20, digested=4))
    late = life.customer(1.5, recorded=9_999).status(1.5, "open", recorded=9_999).facts[-2:]
    stored.add(late, life.facts)
    assert stored.rebuilds == 0
    assert stored.clocks == by_opener(fold(life.facts, ruleset, fallback=FALLBACK).clocks)
    assert stored.chain.visited <= 5
    assert stored.restated <= 4


@pytest.mark.parametrize("neutral", [FactKind.ATTRIBUTES, FactKind.AGENT_MESSAGE])
def test_states_that_a_late_fact_skipped_are_right_when_their_run_is_cut(neutral):
    """A fact that cuts a run leaves no state behind it that only followed from the run."""
    life = Life().opened().customer(0).agent(0.5)
    for turn in range(40):
        life.customer(turn + 1)
    stored = Stored(life.facts, RULES[0], Spacing(facts=2, digested=4))
    for kind, minutes in [
        (FactKind.AGENT_MESSAGE, 5.5),
        (neutral, 25.5),
        (FactKind.CUSTOMER_MESSAGE, 29.5),
        (FactKind.AGENT_MESSAGE, 35.5),
        (FactKind.CUSTOMER_MESSAGE, 31.5),
    ]:
        life.add(kind, minutes, recorded=9_999)
        stored.add(life.facts[-1:], life.facts)
        assert stored.rebuilds == 0
        expected = fold(life.facts, RULES[0], fallback=FALLBACK).clocks
        assert stored.clocks == by_opener(expected)


def test_a_late_answer_to_a_long_monologue_leaves_its_next_message_waiting():
    stored, _ = _late(_chat(500, answered=False), FactKind.AGENT_MESSAGE, 4.5)
    clocks = {version.key: version.clock for version in stored.versions.values()}
    assert clocks[FIRST, 1].met_at == after(4.5)
    waiting = clocks[NEXT, 1]
    assert (waiting.state, waiting.started_at) == (ClockState.RUNNING, after(5))


@pytest.mark.parametrize("pauses", [50, 500])
def test_a_late_question_looks_at_each_later_pause_once(pauses):
    """Nobody answers it, so that its clock goes on through all changes of status."""
    hours = CountedHours()
    promised = (target(metric, 9_999, calendar_id="counted") for metric in (NEXT, RESOLUTION))
    ruleset = rules(policy(*promised), counted=hours)
    life = Life().opened().customer(0).agent(0.5)
    for turn in range(pauses):
        life.status(2 * turn + 1, "resolved").status(2 * turn + 2, "open")
    spacing = Spacing(facts=20, digested=4)
    stored = Stored(life.facts, ruleset, spacing)
    late = life.customer(0.7, recorded=9_999).facts[-1]
    head = Head.of(stored.head, ruleset)
    hours.asked = 0
    continuation = asyncio.run(continue_fold(stored.chain, head, [late], spacing))
    assert continuation is not None
    assert len(continuation.restated) > pauses // 20
    assert hours.asked <= 20 * pauses


@pytest.mark.parametrize("turns", [100, 1_000])
def test_a_late_wait_leaves_the_later_ones_alone(turns):
    """The cost does not depend on how many waits come after it."""
    life = _chat(turns, answered=True)
    stored = Stored(life.facts, RULES[0], Spacing(facts=20, digested=4))
    ids = stored.ids()
    batch = life.customer(5.6, recorded=9_999).agent(5.7, recorded=9_999).facts[-2:]
    stored.add(batch, life.facts)
    assert stored.rebuilds == 0
    assert stored.chain.facts_read <= 40
    assert stored.restated == 0
    [change] = stored.changed
    assert change.version.key == (NEXT, turns)  # The chat's first question has no such clock.
    assert stored.ids() == ids | {(NEXT, change.version.clock.opener): change.version.clock_id}


def test_a_wait_that_begins_earlier_keeps_its_clock():
    life = Life().opened().customer(0).agent(1).customer(9).agent(10).customer(20)
    stored = Stored(life.facts, RULES[0], Spacing(facts=2, digested=4))
    clock_id = stored.versions[NEXT, 1].clock_id
    life.customer(5, recorded=30)
    stored.add(life.facts[-1:], life.facts)
    wait = stored.versions[NEXT, 1]
    assert (wait.clock_id, wait.clock.started_at) == (clock_id, after(5))
    assert stored.versions[NEXT, 2].clock.started_at == after(20)


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
