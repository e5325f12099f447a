"""Which events announce clocks while facts arrive and timers declare breaches."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.sla.tests.life import FIRST, Life, after, clocks, policy, rules, target
from services.sla.tests.unit.clocks.test_fold import TWO, lives
from sla.clocks.domain.changes import Change, Event, EventKind
from sla.clocks.domain.clocks import ClockKey, ClockState, ClockVersion
from sla.clocks.domain.due import TimeView, fire
from sla.clocks.domain.facts import Fact
from sla.clocks.domain.reconciliation import Reconciliation
from sla.rules.domain.policy import Ruleset, Threshold

RULES = rules(policy(target(FIRST, 60)))


def view(minutes: float, *, known: float | None, waited: float | None = None) -> TimeView:
    waited_until = after(minutes) - timedelta(days=1) if waited is None else after(waited)
    return TimeView(after(minutes), None if known is None else after(known), waited_until)


class Book:
    """The clocks as the store would keep them, with the events that announced them."""

    def __init__(self, ruleset: Ruleset = RULES) -> None:
        self.ruleset = ruleset
        self.versions: dict[ClockKey, ClockVersion] = {}
        self.events: list[Event] = []

    def read(
        self, facts: list[Fact], at: float = 1_000, *, known: float | None = 1_000
    ) -> list[EventKind]:
        """Reconcile with these facts; return the kinds of the events."""
        folded = list(clocks(facts, self.ruleset).values())
        known_until = None if known is None else after(known)
        reconciliation = Reconciliation(after(at), known_until, uuid4)
        return self._write(reconciliation.changes(self.versions, folded))

    def pass_time(self, time: TimeView) -> list[EventKind]:
        """Fire every clock; return the kinds of the events."""
        return self._write([fire(version, time) for version in self.versions.values()])

    def _write(self, changes: list[Change]) -> list[EventKind]:
        events = [event for change in changes for event in change.events]
        self.versions |= {change.version.key: change.version for change in changes}
        self.events += events
        return [event.kind for event in events]


class TestBreaches:
    def test_no_breach_is_declared_before_the_source_is_known(self):
        book = Book()
        assert book.read(Life().opened().facts) == [EventKind.STARTED]
        assert book.pass_time(view(61, known=59.9)) == []
        assert book.pass_time(view(61, known=60)) == [EventKind.BREACHED]
        assert book.pass_time(view(62, known=62)) == []
        (version,) = book.versions.values()
        assert (version.clock.breached_at, version.detected_at) == (after(60), after(61))
        assert version.confirmed is True

    def test_a_silent_source_makes_a_breach_unconfirmed_until_its_watermark_moves(self):
        book = Book()
        book.read(Life().opened().facts)
        assert book.pass_time(view(61, known=10, waited=60.5)) == [EventKind.BREACHED]
        (version,) = book.versions.values()
        assert (version.confirmed, version.clock.reason) == (False, "source_watermark_stalled")
        assert book.pass_time(view(62, known=60)) == [EventKind.BREACHED]
        (version,) = book.versions.values()
        assert (version.confirmed, version.clock.reason) == (True, None)

    def test_a_late_fact_retracts_it(self):
        book, life = Book(), Life().opened()
        book.read(life.facts)
        book.pass_time(view(61, known=60))
        assert book.read(life.agent(59, recorded=62).facts) == [EventKind.RETRACTED, EventKind.MET]
        assert [event.version.version for event in book.events] == [1, 2, 3, 4]
        retraction = book.events[2].version
        assert (retraction.clock.state, retraction.clock.met_at) == (ClockState.MET, after(59))
        assert (retraction.confirmed, retraction.detected_at) == (None, None)

    def test_a_breach_that_changes_is_announced_as_the_same_breach(self):
        book, life = Book(), Life().opened()
        book.read(life.facts)
        book.pass_time(view(61, known=10, waited=60.5))
        book.pass_time(view(62, known=60))
        book.read(life.agent(70).facts)
        breaches = [event for event in book.events if event.kind is EventKind.BREACHED]
        assert [event.again for event in breaches] == [False, True, True]

    def test_a_late_answer_announces_the_breach_again(self):
        book, life = Book(), Life().opened()
        book.read(life.facts)
        book.pass_time(view(61, known=60))
        assert book.read(life.agent(70).facts) == [EventKind.BREACHED]
        (version,) = book.versions.values()
        assert (version.clock.met_at, version.detected_at) == (after(70), after(61))

    def test_a_declared_breach_survives_unrelated_facts(self):
        book, life = Book(), Life().opened()
        book.read(life.facts)
        book.pass_time(view(61, known=60))
        assert book.read(life.customer(65).facts) == []

    def test_facts_alone_can_prove_a_breach(self):
        assert Book().read(Life().opened().agent(70).facts) == [
            EventKind.STARTED,
            EventKind.BREACHED,
        ]

    def test_a_breach_that_is_certain_at_once_is_announced_once(self):
        book = Book()
        assert book.read(Life().opened().agent(70).facts, known=60) == [
            EventKind.STARTED,
            EventKind.BREACHED,
        ]
        assert book.pass_time(view(71, known=71)) == []
        (version,) = book.versions.values()
        assert (version.confirmed, version.confirm_at) == (True, None)

    @pytest.mark.parametrize("known", [None, 59.9])
    def test_a_late_answer_is_certain_only_once_the_source_is_known_to_the_deadline(self, known):
        book, life = Book(), Life().opened().agent(62)
        assert book.read(life.facts, at=62, known=known) == [EventKind.STARTED, EventKind.BREACHED]
        (version,) = book.versions.values()
        assert (version.confirmed, version.confirm_at) == (False, after(60))
        assert book.pass_time(view(60, known=59.9)) == []
        assert book.pass_time(view(61, known=60)) == [EventKind.BREACHED]
        (version,) = book.versions.values()
        assert (version.confirmed, version.clock.reason) == (True, "answered_late")

    def test_an_answer_in_time_that_arrives_after_a_late_one_retracts_the_breach(self):
        book, life = Book(), Life().opened().agent(62)
        book.read(life.facts, known=59)
        assert book.read(life.agent(59).facts, known=59) == [EventKind.RETRACTED, EventKind.MET]

    def test_a_late_answer_confirms_a_breach_that_was_declared_for_a_silent_source(self):
        book, life = Book(), Life().opened()
        book.read(life.facts)
        book.pass_time(view(91, known=50, waited=61))
        assert book.read(life.agent(92).facts, known=91) == [EventKind.BREACHED]
        (version,) = book.versions.values()
        assert (version.confirmed, version.clock.reason) == (True, "answered_late")

    def test_a_certain_breach_whose_deadline_moves_is_retracted_before_it_is_unconfirmed(self):
        pausing = target(FIRST, 60, pause_on=frozenset({"pending"}))
        book, life = Book(rules(policy(pausing))), Life().opened()
        book.read(life.facts)
        book.pass_time(view(61, known=60))
        life.status(10, "pending").status(25, "open").agent(90)
        assert book.read(life.facts, known=74.9) == [EventKind.RETRACTED, EventKind.BREACHED]
        (version,) = book.versions.values()
        assert (version.clock.breached_at, version.confirmed) == (after(75), False)
        assert book.pass_time(view(91, known=75)) == [EventKind.BREACHED]

    def test_a_certain_breach_stays_certain_in_a_batch_without_watermark(self):
        book, life = Book(), Life().opened()
        book.read(life.facts)
        book.pass_time(view(61, known=60))
        assert book.read(life.agent(70).facts, known=None) == [EventKind.BREACHED]
        (version,) = book.versions.values()
        assert version.confirmed is True

    def test_a_backfilled_clock_publishes_nothing(self):
        book = Book()
        opening = replace(Life().opened().facts[0], backfill=True)
        assert book.read([opening]) == []
        (version,) = book.versions.values()
        assert version.next_fire_at is None
        assert book.pass_time(view(61, known=61)) == []


class TestWarnings:
    def test_each_is_sent_once_and_not_after_its_breach(self):
        warn = (Threshold("50%", percent=50), Threshold("PT6M", seconds_before=360))
        book = Book(rules(policy(target(FIRST, 60, warn_at=warn))))
        book.read(Life().opened().facts)
        assert [h.next_fire_at for h in book.versions.values()] == [after(30)]
        assert book.pass_time(view(31, known=31)) == [EventKind.WARNING]
        assert book.pass_time(view(32, known=32)) == []
        assert [h.next_fire_at for h in book.versions.values()] == [after(54)]
        assert book.pass_time(view(61, known=61)) == [EventKind.BREACHED]


@given(life=lives(), data=st.data())
@settings(max_examples=300, deadline=None)
def test_facts_one_by_one_in_any_order_end_in_the_same_clocks(life, data):
    book = Book(TWO)
    arrived: list[Fact] = []
    for fact in data.draw(st.permutations(life)):
        arrived.append(fact)
        book.read(arrived)
        if data.draw(st.booleans()):
            minute = data.draw(st.integers(0, 300))
            book.pass_time(view(minute, known=minute))
    book.pass_time(view(1_000, known=1_000))
    alone = Book(TWO)
    alone.read(life)
    alone.pass_time(view(1_000, known=1_000))
    assert _final(book) == _final(alone)
    by_clock: dict[UUID, list[int]] = {}
    for event in book.events:
        by_clock.setdefault(event.version.clock_id, []).append(event.version.version)
    assert all(v == list(range(1, len(v) + 1)) for v in by_clock.values())


def _final(book: Book) -> dict:
    return {
        key: (h.clock.state, h.clock.due_at, h.clock.breached_at, h.clock.met_at)
        for key, h in book.versions.items()
        if not h.superseded
    }
