"""What starts, pauses and stops clocks, in any order of arrival."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.sla.tests.calendars import at, calendar
from services.sla.tests.life import (
    FIRST,
    NEXT,
    RESOLUTION,
    TARGETS,
    Life,
    after,
    clocks,
    policy,
    rules,
    target,
)
from sla.clocks.domain.checkpoints.digest import UNSEEN
from sla.clocks.domain.clocks import ClockState
from sla.clocks.domain.facts import Fact, FactKind, in_order
from sla.clocks.domain.fold import Fold, fold
from sla.rules.domain.conditions import Condition, Conditions
from sla.rules.domain.policy import Ruleset, Threshold

RUNNING, PAUSED, MET = ClockState.RUNNING, ClockState.PAUSED, ClockState.MET
BREACHED, CANCELLED = ClockState.BREACHED, ClockState.CANCELLED


def urgent(*targets, number: int = 1):
    conditions = Conditions(all_of=(Condition("priority", "eq", ("urgent",)),))
    return policy(*targets, number=number, conditions=conditions)


class TestFirstResponse:
    def test_it_runs_from_the_opening(self):
        clock = Life().opened().customer(0).clock(FIRST)
        assert (clock.state, clock.started_at, clock.due_at) == (RUNNING, after(0), after(60))

    def test_an_answer_exactly_at_the_deadline_meets_it(self):
        clock = Life().opened().customer(0).agent(60).clock(FIRST)
        assert (clock.state, clock.met_at, clock.breached_at) == (MET, after(60), None)

    def test_an_answer_after_the_deadline_is_a_breach_at_the_deadline(self):
        clock = Life().opened().customer(0).agent(60.001).clock(FIRST)
        assert (clock.state, clock.breached_at, clock.reason) == (
            BREACHED,
            after(60),
            "answered_late",
        )

    def test_bots_and_notes_do_not_answer(self):
        life = Life().opened().customer(0)
        life.add(FactKind.BOT_MESSAGE, 1).add(FactKind.NOTE, 2)
        assert life.clock(FIRST).state is RUNNING

    def test_bots_and_notes_answer_when_the_policy_allows_it(self):
        life = Life().opened().customer(0).add(FactKind.BOT_MESSAGE, 1)
        bots = rules(policy(target(FIRST, 60, human_only=False)))
        assert life.clock(FIRST, bots).met_at == after(1)
        life = Life().opened().customer(0).add(FactKind.NOTE, 2)
        notes = rules(policy(target(FIRST, 60, private_notes=True)))
        assert life.clock(FIRST, notes).met_at == after(2)

    def test_resolving_unanswered_cancels_and_reopening_resumes(self):
        life = Life().opened().customer(0).status(20, "resolved")
        assert life.clock(FIRST).state is CANCELLED
        life.status(100, "open")
        assert life.clock(FIRST).due_at == after(60 + 80)

    def test_an_answer_in_the_same_second_counts(self):
        assert Life().opened().agent(0).customer(0).clock(FIRST).state is MET

    def test_a_lost_opening_still_starts_clocks(self):
        life = Life().customer(5)
        assert life.clock(FIRST).due_at == after(65)


class TestAgentInitiated:
    def test_by_default_it_starts_with_the_first_customer_message(self):
        life = Life().opened(by="agent").agent(0)
        assert life.clocks() == {}
        life.customer(30).agent(40)
        assert life.clock(FIRST).started_at == after(30)
        assert life.clock(FIRST).met_at == after(40)

    def test_from_creation_the_second_message_answers(self):
        ruleset = rules(policy(agent_initiated="from_creation"))
        life = Life().opened(by="agent").agent(0)
        assert life.clock(FIRST, ruleset).state is RUNNING
        assert life.agent(5).clock(FIRST, ruleset).met_at == after(5)

    def test_skip_leaves_only_the_next_response(self):
        life = Life().opened(by="agent").agent(0).customer(10)
        assert set(life.clocks(rules(policy(agent_initiated="skip")))) == {(NEXT, 1)}


class TestNextResponse:
    def test_it_does_not_run_before_the_first_response(self):
        assert (NEXT, 1) not in Life().opened().customer(0).customer(5).clocks()

    def test_it_starts_at_the_oldest_unanswered_message(self):
        life = Life().opened().customer(0).agent(1).customer(10).customer(20)
        assert life.clock(NEXT).due_at == after(40)

    def test_each_question_is_a_cycle(self):
        life = Life().opened().customer(0).agent(1).customer(10).agent(12).customer(20)
        assert life.clock(NEXT).state is MET
        assert life.clock(NEXT, cycle=2).due_at == after(50)

    def test_resolving_cancels_it(self):
        life = Life().opened().customer(0).agent(1).customer(10).status(15, "resolved")
        clock = life.clock(NEXT)
        assert (clock.state, clock.reason) == (CANCELLED, "resolved")

    def test_resolving_after_the_deadline_keeps_the_breach(self):
        life = Life().opened().customer(0).agent(1).customer(10).status(50, "resolved")
        assert life.clock(NEXT).breached_at == after(40)

    def test_thanks_after_resolving_starts_nothing_until_it_is_reopened(self):
        life = Life().opened().customer(0).agent(1).status(5, "resolved").customer(10)
        assert (NEXT, 1) not in life.clocks()
        life.status(100, "open")
        assert life.clock(NEXT).due_at == after(130)

    def test_a_message_that_arrives_after_resolving_still_needs_an_answer(self):
        life = Life().opened().customer(0).agent(1).status(15, "resolved")
        life.customer(10, recorded=20).status(10, "open")
        clock = life.clock(NEXT)
        assert (clock.state, clock.started_at, clock.due_at) == (RUNNING, after(10), after(40))

    def test_of_two_questions_only_the_unseen_one_survives_resolving(self):
        life = Life().opened().customer(0).agent(1).customer(5).status(15, "resolved")
        life.customer(10, recorded=20).status(20, "open")
        assert life.clock(NEXT).state is CANCELLED
        assert life.clock(NEXT, cycle=2).due_at == after(45)


class TestResolution:
    def test_waiting_pauses_it_and_shifts_the_deadline(self):
        life = Life().opened().status(60, "pending")
        clock = life.clock(RESOLUTION)
        assert (clock.state, clock.due_at) == (PAUSED, None)
        assert life.status(90, "open").clock(RESOLUTION).due_at == after(510)

    def test_from_one_paused_state_to_another_is_one_pause(self):
        life = Life().opened().status(60, "pending").status(80, "on_hold").status(90, "open")
        assert life.clock(RESOLUTION).due_at == after(510)

    def test_from_paused_to_resolved_credits_the_pause(self):
        life = Life().opened().status(60, "pending").status(500, "resolved")
        clock = life.clock(RESOLUTION)
        assert (clock.state, clock.met_at, clock.due_at) == (MET, after(500), after(920))

    def test_no_time_passes_in_a_conversation_created_paused(self):
        life = Life().opened(status="pending").status(30, "open")
        assert life.clock(RESOLUTION).due_at == after(510)

    def test_reopening_continues_the_same_clock(self):
        life = Life().opened().status(100, "resolved").status(200, "open")
        clock = life.clock(RESOLUTION)
        assert (clock.state, clock.due_at) == (RUNNING, after(580))
        assert life.status(300, "resolved").clock(RESOLUTION).state is MET

    def test_a_breach_is_final_whatever_is_reopened(self):
        life = Life().opened().status(500, "resolved").status(510, "open")
        assert life.clock(RESOLUTION).breached_at == after(480)

    def test_reopening_can_be_a_new_cycle(self):
        ruleset = rules(policy(target(RESOLUTION, 480, reopen="new_cycle")))
        life = Life().opened().status(100, "resolved").status(200, "open")
        assert life.clock(RESOLUTION, ruleset).state is MET
        assert life.clock(RESOLUTION, ruleset, cycle=2).due_at == after(680)

    def test_reopening_continues_a_clock_that_began_after_the_closing(self):
        ruleset = rules(policy(target(RESOLUTION, 480, reopen="new_cycle")))
        life = Life().opened(by="agent").status(0, "resolved").customer(1)
        life.status(2, "open").status(3, "pending")
        [resolution] = fold(life.facts, ruleset, fallback={}).clocks
        assert (resolution.cycle, resolution.started_at) == (1, after(1))
        assert [pause.start for pause in resolution.pauses] == [after(1), after(3)]

    def test_a_breach_before_a_pause_is_not_undone_by_it(self):
        life = Life().opened().status(490, "pending")
        assert life.clock(RESOLUTION).breached_at == after(480)

    def test_closing_counts_as_resolving(self):
        assert Life().opened().status(100, "closed").clock(RESOLUTION).met_at == after(100)


class TestChanges:
    def test_a_priority_change_counts_from_the_original_start_with_all_pauses(self):
        ruleset = rules(urgent(target(RESOLUTION, 120)), policy(number=2))
        life = Life().opened(priority="low").status(10, "pending", priority="low")
        life.status(30, "open", priority="low").changed(40, priority="urgent")
        clock = life.clock(RESOLUTION, ruleset)
        assert (clock.policy_name, clock.due_at) == ("policy 1", after(140))

    def test_a_new_deadline_in_the_past_is_breached_on_apply(self):
        ruleset = rules(urgent(target(RESOLUTION, 30)), policy(number=2))
        life = Life().opened(priority="low").changed(40, priority="urgent").status(50, "resolved")
        clock = life.clock(RESOLUTION, ruleset)
        assert (clock.breached_at, clock.reason) == (after(30), "breached_on_apply")

    def test_a_met_clock_stays_met(self):
        ruleset = rules(urgent(target(FIRST, 10)), policy(number=2))
        life = Life().opened(priority="low").agent(30).changed(40, priority="urgent")
        clock = life.clock(FIRST, ruleset)
        assert (clock.state, clock.policy_name) == (MET, "policy 2")

    def test_a_breached_clock_stays_breached(self):
        ruleset = rules(urgent(target(FIRST, 10)), policy(number=2))
        life = Life().opened(priority="urgent").changed(15, priority="low").agent(20)
        assert life.clock(FIRST, ruleset).breached_at == after(10)

    def test_a_policy_without_the_metric_cancels_it_and_back_again(self):
        ruleset = rules(urgent(target(RESOLUTION, 480)), policy(number=2))
        life = Life().opened(priority="low").changed(5, priority="urgent")
        clock = life.clock(FIRST, ruleset)
        assert (clock.state, clock.reason) == (CANCELLED, "policy_without_metric")
        assert life.changed(10, priority="low").clock(FIRST, ruleset).due_at == after(60)

    def test_losing_the_policy_cancels_every_clock(self):
        life = Life().opened(priority="urgent").changed(5, priority="low")
        states = {(c.state, c.reason) for c in life.clocks(rules(urgent(*TARGETS))).values()}
        assert states == {(CANCELLED, "no_policy")}

    def test_targets_differ_by_priority(self):
        both = policy(target(FIRST, 60), target(FIRST, 5, priority="urgent"))
        life = Life().opened(priority="urgent")
        assert life.clock(FIRST, rules(both)).due_at == after(5)

    def test_a_clock_that_ended_before_the_policy_was_made_is_not_judged(self):
        late = policy(since=after(100))
        life = Life().opened().agent(90)
        assert set(life.clocks(rules(late))) == {(RESOLUTION, 1)}
        assert life.clock(RESOLUTION, rules(late)).in_force_at == after(100)


def test_warnings_count_business_time():
    warn = (Threshold("75%", percent=75), Threshold("PT1H", seconds_before=3600))
    rule = policy(target(FIRST, 240, calendar_id="office", warn_at=warn))
    start = at("2026-11-19T16:00")
    opening = replace(Life().opened().facts[0], occurred_at=start, recorded_at=start)
    (clock,) = fold([opening], rules(rule, office=calendar()), fallback={}).clocks
    assert clock.due_at == at("2026-11-20T12:00")
    assert [w.at for w in clock.warnings] == [at("2026-11-20T11:00")] * 2


KINDS = st.sampled_from(
    [
        FactKind.CUSTOMER_MESSAGE,
        FactKind.AGENT_MESSAGE,
        FactKind.BOT_MESSAGE,
        FactKind.NOTE,
        FactKind.ATTRIBUTES,
        FactKind.STATUS,
    ]
)
STATUSES = st.sampled_from(["open", "pending", "on_hold", "resolved", "closed"])


@st.composite
def lives(draw) -> list[Fact]:
    life = Life().opened(by=draw(st.sampled_from(["customer", "agent", "bot"])), priority="low")
    for _ in range(draw(st.integers(0, 12))):
        kind, minutes = draw(KINDS), draw(st.integers(-5, 200))
        priority = {"priority": draw(st.sampled_from(["low", "urgent", "other"]))}
        if kind is FactKind.STATUS:
            life.status(minutes, draw(STATUSES), **priority)
        elif kind is FactKind.ATTRIBUTES:
            life.changed(minutes, **priority)
        else:
            life.add(kind, minutes)
    return life.facts


TWO = rules(
    urgent(target(FIRST, 20), target(RESOLUTION, 60, reopen="new_cycle")),
    policy(target(FIRST, 30), target(NEXT, 15), target(RESOLUTION, 90), number=2,
           conditions=Conditions(all_of=(Condition("priority", "ne", ("other",)),))),
)  # fmt: skip


@given(life=lives(), data=st.data())
@settings(max_examples=400, deadline=None)
def test_any_order_and_repetition_gives_the_same_clocks(life, data):
    expected = clocks(life, TWO)
    copies = data.draw(st.lists(st.sampled_from(life), max_size=5))
    shuffled = data.draw(st.permutations([*life, *copies]))
    assert clocks(shuffled, TWO) == expected


def fold_of(facts: Sequence[Fact], ruleset: Ruleset) -> Fold:
    """Return a fold that has read the facts."""
    opening, *rest = in_order(facts)
    begun = Fold.begun(opening, ruleset)
    begun.read(rest, seen=UNSEEN)
    return begun


@given(life=lives(), data=st.data())
@settings(max_examples=150, deadline=None)
def test_an_extended_fold_equals_a_fold_of_all_facts(life, data):
    opening, *rest = life
    if not data.draw(st.booleans(), "in the order of the sequence"):
        rest = data.draw(st.permutations(rest))
    read, extended = [opening], Fold.begun(opening, TWO)
    current = clocks(read, TWO)
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        batch, rest = rest[:size], rest[size:]
        read += batch
        refolded = extended.extend(batch)
        if refolded is None:
            extended, current = fold_of(read, TWO), {}
        changed = extended.folded().clocks if refolded is None else refolded.clocks
        current |= {clock.key: clock for clock in changed}
        assert current == clocks(read, TWO)
        assert extended.folded() == fold(read, TWO, fallback={})


def test_later_facts_extend_a_fold_and_late_facts_do_not():
    life = Life().opened().customer(1).agent(5).status(10, "pending").customer(20)
    short = fold_of(life.facts[:4], rules())
    assert short.extend([replace(life.facts[4], occurred_at=after(4))]) is None
    assert short.extend([replace(life.facts[3], sequence=2)]) is None
    refolded = short.extend(life.facts[4:])
    assert refolded is not None
    assert [clock.metric for clock in refolded.clocks] == [RESOLUTION, NEXT]


def test_only_a_fold_with_the_opening_can_be_extended():
    with pytest.raises(ValueError, match="opening"):
        fold_of(Life().customer(5).facts, rules())


@given(life=lives())
@settings(max_examples=400, deadline=None)
def test_invariants_of_every_clock(life):
    for clock in clocks(life, TWO).values():
        assert (clock.state is PAUSED) <= (clock.due_at is None)
        assert (clock.state is BREACHED) == (clock.breached_at is not None)
        if clock.state is BREACHED:
            assert clock.breached_at == clock.due_at
        if clock.state is MET:
            assert clock.met_at is not None
            assert clock.due_at is None or clock.met_at <= clock.due_at
        assert clock.state not in {RUNNING, PAUSED} or clock.ended_at is None
        for earlier, later in pairwise(clock.pauses):
            assert earlier.end is not None
            assert earlier.end <= later.start
        assert all(warning.at >= clock.started_at for warning in clock.warnings)
