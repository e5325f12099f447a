"""What is told of clocks while facts trickle in and timers declare breaches."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.sla.tests.life import FIRST, Life, after, clocks, policy, rules, target
from services.sla.tests.unit.test_folding import TWO, lives
from sla.clocks.domain.clocks import ClockState
from sla.clocks.domain.due import Moment, fire
from sla.clocks.domain.reconciliation import News, reconcile

RULES = rules(policy(target(FIRST, 60)))


def moment(minutes: float, *, known: float | None, held: float | None = None) -> Moment:
    held_until = after(minutes) - timedelta(days=1) if held is None else after(held)
    return Moment(after(minutes), None if known is None else after(known), held_until)


class Book:
    """The clocks held, as the store keeps them."""

    def __init__(self, ruleset=RULES) -> None:
        self.ruleset = ruleset
        self.held: dict[Any, Any] = {}
        self.told: list[Any] = []

    def hear(self, facts, at: float = 1_000, *, known: float | None = 1_000) -> list[News]:
        folded = list(clocks(facts, self.ruleset).values())
        known_until = None if known is None else after(known)
        return self._write(reconcile(self.held, folded, now=after(at), known_until=known_until))

    def pass_time(self, time: Moment) -> list[News]:
        return self._write([fire(held, time) for held in self.held.values()])

    def _write(self, changes) -> list[News]:
        news = []
        for change in changes:
            self.held[change.held.key] = change.held
            news += [a.news for a in change.announcements]
            self.told += change.announcements
        return news


class TestBreaches:
    def test_nothing_is_declared_before_the_source_is_known(self):
        book = Book()
        assert book.hear(Life().opened().facts) == [News.STARTED]
        assert book.pass_time(moment(61, known=59.9)) == []
        assert book.pass_time(moment(61, known=60)) == [News.BREACHED]
        assert book.pass_time(moment(62, known=62)) == []
        (held,) = book.held.values()
        assert (held.clock.breached_at, held.detected_at) == (after(60), after(61))
        assert held.confirmed is True

    def test_a_silent_source_makes_it_unconfirmed_until_it_is_heard(self):
        book = Book()
        book.hear(Life().opened().facts)
        assert book.pass_time(moment(61, known=10, held=60.5)) == [News.BREACHED]
        (held,) = book.held.values()
        assert (held.confirmed, held.clock.reason) == (False, "source_watermark_stalled")
        assert book.pass_time(moment(62, known=60)) == [News.BREACHED]
        (held,) = book.held.values()
        assert (held.confirmed, held.clock.reason) == (True, None)

    def test_a_late_fact_retracts_it(self):
        book, life = Book(), Life().opened()
        book.hear(life.facts)
        book.pass_time(moment(61, known=60))
        assert book.hear(life.agent(59, recorded=62).facts) == [News.RETRACTED, News.MET]
        assert [a.held.version for a in book.told] == [1, 2, 3, 4]
        assert book.told[2].held.clock.state is ClockState.RUNNING

    def test_a_late_answer_is_told_once_more(self):
        book, life = Book(), Life().opened()
        book.hear(life.facts)
        book.pass_time(moment(61, known=60))
        assert book.hear(life.agent(70).facts) == [News.BREACHED]
        (held,) = book.held.values()
        assert (held.clock.met_at, held.detected_at) == (after(70), after(61))

    def test_a_declared_breach_survives_what_does_not_concern_it(self):
        book, life = Book(), Life().opened()
        book.hear(life.facts)
        book.pass_time(moment(61, known=60))
        assert book.hear(life.customer(65).facts) == []

    def test_facts_alone_can_prove_a_breach(self):
        assert Book().hear(Life().opened().agent(70).facts) == [News.STARTED, News.BREACHED]

    def test_what_is_certain_already_is_told_once(self):
        book = Book()
        assert book.hear(Life().opened().agent(70).facts, known=60) == [News.STARTED, News.BREACHED]
        assert book.pass_time(moment(71, known=71)) == []
        (held,) = book.held.values()
        assert (held.confirmed, held.confirm_at) == (True, None)

    @pytest.mark.parametrize("known", [None, 59.9])
    def test_a_late_answer_is_certain_only_when_the_source_is_known_up_to_the_deadline(self, known):
        book, life = Book(), Life().opened().agent(62)
        assert book.hear(life.facts, at=62, known=known) == [News.STARTED, News.BREACHED]
        (held,) = book.held.values()
        assert (held.confirmed, held.confirm_at) == (False, after(60))
        assert book.pass_time(moment(60, known=59.9)) == []
        assert book.pass_time(moment(61, known=60)) == [News.BREACHED]
        (held,) = book.held.values()
        assert (held.confirmed, held.clock.reason) == (True, "answered_late")

    def test_an_answer_in_time_that_is_heard_after_a_late_one_retracts_it(self):
        book, life = Book(), Life().opened().agent(62)
        book.hear(life.facts, known=59)
        assert book.hear(life.agent(59).facts, known=59) == [News.RETRACTED, News.MET]

    def test_a_late_answer_confirms_what_was_declared_of_a_silent_source(self):
        book, life = Book(), Life().opened()
        book.hear(life.facts)
        book.pass_time(moment(91, known=50, held=61))
        assert book.hear(life.agent(92).facts, known=91) == [News.BREACHED]
        (held,) = book.held.values()
        assert (held.confirmed, held.clock.reason) == (True, "answered_late")

    def test_a_certain_breach_whose_deadline_moves_is_retracted_before_it_is_unconfirmed(self):
        pausing = target(FIRST, 60, pause_on=frozenset({"pending"}))
        book, life = Book(rules(policy(pausing))), Life().opened()
        book.hear(life.facts)
        book.pass_time(moment(61, known=60))
        life.status(10, "pending").status(25, "open").agent(90)
        assert book.hear(life.facts, known=74.9) == [News.RETRACTED, News.BREACHED]
        (held,) = book.held.values()
        assert (held.clock.breached_at, held.confirmed) == (after(75), False)
        assert book.pass_time(moment(91, known=75)) == [News.BREACHED]

    def test_what_was_certain_stays_so_whatever_the_next_batch_knows(self):
        book, life = Book(), Life().opened()
        book.hear(life.facts)
        book.pass_time(moment(61, known=60))
        assert book.hear(life.agent(70).facts, known=None) == [News.BREACHED]
        (held,) = book.held.values()
        assert held.confirmed is True

    def test_what_came_with_a_backfill_alarms_nobody(self):
        book = Book()
        opening = replace(Life().opened().facts[0], backfill=True)
        assert book.hear([opening]) == []
        (held,) = book.held.values()
        assert held.next_fire_at is None
        assert book.pass_time(moment(61, known=61)) == []


class TestWarnings:
    def test_each_is_sent_once_and_not_after_its_breach(self):
        from sla.rules.domain.policy import Threshold

        warn = (Threshold("50%", percent=50), Threshold("PT6M", seconds_before=360))
        book = Book(rules(policy(target(FIRST, 60, warn_at=warn))))
        book.hear(Life().opened().facts)
        assert [h.next_fire_at for h in book.held.values()] == [after(30)]
        assert book.pass_time(moment(31, known=31)) == [News.WARNING]
        assert book.pass_time(moment(32, known=32)) == []
        assert [h.next_fire_at for h in book.held.values()] == [after(54)]
        assert book.pass_time(moment(61, known=61)) == [News.BREACHED]


@given(life=lives(), data=st.data())
@settings(max_examples=300, deadline=None)
def test_facts_one_by_one_in_any_order_end_in_the_same_clocks(life, data):
    book = Book(TWO)
    heard = []
    for fact in data.draw(st.permutations(life)):
        heard.append(fact)
        book.hear(heard)
        if data.draw(st.booleans()):
            minute = data.draw(st.integers(0, 300))
            book.pass_time(moment(minute, known=minute))
    book.pass_time(moment(1_000, known=1_000))
    alone = Book(TWO)
    alone.hear(life)
    alone.pass_time(moment(1_000, known=1_000))
    assert _final(book) == _final(alone)
    by_clock: dict[Any, list[Any]] = {}
    for told in book.told:
        by_clock.setdefault(told.held.clock_id, []).append(told.held.version)
    assert all(v == list(range(1, len(v) + 1)) for v in by_clock.values())


def _final(book: Book) -> dict:
    return {
        key: (h.clock.state, h.clock.due_at, h.clock.breached_at, h.clock.met_at)
        for key, h in book.held.items()
        if not h.superseded
    }
