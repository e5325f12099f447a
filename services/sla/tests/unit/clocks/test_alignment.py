"""Which stored clocks the folded ones continue."""

from dataclasses import replace
from uuid import uuid4

from services.sla.tests.life import NEXT, Life, after
from sla.clocks.domain.alignment import NEW, aligned, numbered
from sla.clocks.domain.clocks import Clock, ClockVersion


def waits(life: Life) -> list[Clock]:
    return [clock for (metric, _), clock in life.clocks().items() if metric is NEXT]


def stored(clocks: list[Clock], **more) -> list[ClockVersion]:
    return [ClockVersion(uuid4(), 1, clock, **more) for clock in clocks]


def chat(*questions: float) -> Life:
    life = Life().opened().customer(0).agent(1)
    for minutes in questions:
        life.customer(minutes).agent(minutes + 1)
    return life


def cycles(versions: list[ClockVersion], folded: list[Clock]) -> list[int]:
    return [clock.cycle for clock in aligned(versions, folded)]


def test_a_wait_between_others_is_new_and_numbered_last():
    before = stored(waits(chat(10, 20, 30)))
    folded = waits(chat(10, 20, 30).customer(14).agent(15))
    assert cycles(before, folded) == [1, NEW, 2, 3]
    assert [clock.cycle for clock in numbered(aligned(before, folded), {NEXT: 3})] == [1, 4, 2, 3]


def test_a_wait_with_another_beginning_goes_on():
    before = stored(waits(chat(10, 20, 30)))
    assert cycles(before, waits(chat(10, 20, 30).customer(15))) == [1, 2, 3]


def test_a_wait_that_ended_earlier_leaves_a_new_one():
    before = stored(waits(chat(10).customer(20).customer(22)))
    folded = waits(chat(10).customer(20).customer(22).agent(21))
    assert cycles(before, folded) == [1, 2, NEW]


def test_a_wait_that_is_gone_leaves_the_others_their_numbers():
    life = chat(10, 20, 30)
    before = stored(waits(life))
    life.facts = [fact for fact in life.facts if fact.occurred_at not in {after(20), after(21)}]
    assert cycles(before, waits(life)) == [1, 3]


def test_a_superseded_clock_counts_again_when_its_wait_does():
    first, second = stored(waits(chat(10, 20)))
    assert cycles([replace(first, superseded=True), second], waits(chat(10, 20))) == [1, 2]


def test_a_superseded_clock_is_not_used_for_another_wait():
    before = stored(waits(chat(10)), superseded=True)
    assert cycles(before, waits(chat(20))) == [NEW]


def test_clocks_of_before_go_on_by_their_beginnings():
    before = stored([replace(clock, opener=None) for clock in waits(chat(10, 20, 30))])
    folded = waits(chat(10, 20, 30).customer(14).agent(15).customer(29))
    assert cycles(before, folded) == [1, NEW, 2, 3]
