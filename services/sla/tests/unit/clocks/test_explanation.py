"""The trace of a clock, up to its deadline, and the sentence that says why."""

import time
from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest

from services.sla.tests import life
from services.sla.tests.calendars import at, calendar
from services.sla.tests.life import FIRST, Life, policy, rules, target
from sla.clocks.domain.clocks import Clock
from sla.clocks.domain.explanation.sentence import MAX_LENGTH, summarise
from sla.clocks.domain.explanation.trace import MAX_STRETCHES, explain
from sla.rules.domain.hours import AroundTheClock, NamedHours
from sla.rules.domain.policy import Threshold
from sla.rules.domain.working_calendar import WorkingCalendar

BERLIN = "Europe/Berlin"
SUNDAY = at("2026-11-29 18:00", BERLIN)
ALL_HOURS = NamedHours(AroundTheClock())


@pytest.fixture
def start(monkeypatch):
    """Begin the lives of the test at another time."""
    return lambda began: monkeypatch.setattr(life, "NINE", began)


def clock(hours: WorkingCalendar | None, number: float, facts: Life | None = None, **more) -> Clock:
    """Return the clock of a target of so many hours."""
    calendars = {} if hours is None else {"c": hours}
    promised = target(FIRST, number * 60, calendar_id="c" if hours else None, **more)
    return (facts or Life().opened()).clock(FIRST, rules(policy(promised), **calendars))


def said(hours: WorkingCalendar | None, number: float, facts: Life | None = None, **more) -> str:
    counting = NamedHours(hours, "Support Berlin") if hours else ALL_HOURS
    return summarise(clock(hours, number, facts, **more), counting)


PENDING = frozenset({"pending"})


def _often_paused(pauses: int) -> Life:
    """Return a life of two minutes for each pause, of which the second is the pause."""
    facts = Life().opened()
    for number in range(pauses):
        facts.status(2 * number + 1, "pending").status(2 * number + 2, "open")
    return facts


class TestTrace:
    def test_a_running_clock_is_traced_to_its_deadline(self, start):
        start(SUNDAY)
        running = clock(calendar(BERLIN), 10)
        trace = explain(running, calendar(BERLIN), now=at("2026-11-30 10:00", BERLIN))
        local = [
            (s.start.astimezone(at("2026-11-30 00:00", BERLIN).tzinfo), s.counted, s.expected)
            for s in trace.stretches
        ]
        assert [(counted, expected) for _, counted, expected in local] == [
            (False, False),
            (True, False),
            (True, True),
            (False, True),
            (True, True),
        ]
        assert trace.until == running.due_at == at("2026-12-01 11:00", BERLIN)
        assert (trace.counted_seconds, trace.expected_seconds) == (3_600, 9 * 3_600)
        edges = [(s.start, s.end) for s in trace.stretches]
        assert all(earlier[1] == later[0] for earlier, later in pairwise(edges))
        assert edges[0][0] == SUNDAY
        assert edges[-1][1] == running.due_at

    def test_an_overdue_clock_is_traced_to_its_deadline(self, start):
        start(SUNDAY)
        running = clock(calendar(BERLIN), 10)
        trace = explain(running, calendar(BERLIN), now=at("2026-12-05 10:00", BERLIN))
        assert trace.until == trace.as_of == running.due_at
        assert (trace.counted_seconds, trace.expected_seconds) == (36_000, 0)
        assert not any(stretch.expected for stretch in trace.stretches)

    def test_the_first_row_sums_up_the_time_before_the_pauses_that_are_listed(self):
        facts = _often_paused(240)
        running = clock(None, 10, facts, pause_on=PENDING)
        trace = explain(running, ALL_HOURS.hours, now=life.after(480))
        first, *rest = trace.stretches
        assert (first.why, first.end) == ("several", running.pauses[0].start)
        assert rest[0].why == "paused: pending"
        assert (trace.counted_seconds, trace.uncounted_seconds) == (240 * 60, 240 * 60)
        assert first.counted_seconds == 60 * (240 - len(running.pauses) + 1)
        assert sum(stretch.counted_seconds for stretch in trace.stretches) == 600 * 60
        assert trace.truncated

    def test_a_breach_before_the_pauses_that_are_listed_has_one_row(self):
        breached = clock(None, 1, _often_paused(240), pause_on=PENDING)
        trace = explain(breached, ALL_HOURS.hours, now=life.after(480))
        assert trace.until == breached.breached_at == life.after(119)
        assert [stretch.why for stretch in trace.stretches] == ["several"]
        assert (trace.counted_seconds, trace.uncounted_seconds) == (3_600, 59 * 60)

    def test_a_paused_clock_is_traced_to_now(self):
        pausing = {"pause_on": frozenset({"pending"})}
        paused = clock(None, 1, Life().opened().status(10, "pending"), **pausing)
        trace = explain(paused, ALL_HOURS.hours, now=life.after(30))
        assert trace.until == life.after(30)
        assert [s.why for s in trace.stretches] == ["around_the_clock", "paused: pending"]
        assert (trace.counted_seconds, trace.uncounted_seconds) == (600, 1_200)
        assert trace.expected_seconds == 0

    def test_a_trace_of_years_is_summed_up_in_bounded_rows(self, start):
        start(SUNDAY)
        hours = calendar(BERLIN, week=((((9 * 3600, 12 * 3600), (13 * 3600, 17 * 3600)),) * 7))
        running = clock(hours, 7 * 3_600)
        assert running.due_at is not None
        assert running.due_at - SUNDAY > timedelta(days=9 * 365)
        began = time.process_time()
        trace = explain(running, hours, now=at("2027-11-30 10:00", BERLIN))
        took = time.process_time() - began
        assert len(trace.stretches) == MAX_STRETCHES
        assert trace.truncated
        (middle,) = [stretch for stretch in trace.stretches if stretch.why == "several"]
        assert 0 < middle.counted_seconds < (middle.end - middle.start).total_seconds()
        counted = sum(stretch.counted_seconds for stretch in trace.stretches)
        assert counted == trace.counted_seconds + trace.expected_seconds == 7 * 3_600 * 3_600
        edges = [(s.start, s.end) for s in trace.stretches]
        assert all(earlier[1] == later[0] for earlier, later in pairwise(edges))
        assert (edges[0][0], edges[-1][1]) == (SUNDAY, running.due_at)
        assert took < 0.5


class TestSentence:
    def test_business_hours_name_the_days(self, start):
        start(SUNDAY)
        assert said(calendar(BERLIN), 10) == (
            "10 business hours from Sunday 29 Nov 2026 18:00 Europe/Berlin on calendar Support "
            "Berlin: closed until Monday 09:00, 8 h on Monday, due Tuesday 11:00."
        )

    def test_the_days_between_are_summed_up(self, start):
        start(at("2026-12-01 16:30", BERLIN))
        assert said(calendar(BERLIN), 100) == (
            "100 business hours from Tuesday 1 Dec 2026 16:30 Europe/Berlin on calendar Support "
            "Berlin: 30 min on Tuesday, 8 h on Wednesday, 8 h on Thursday, 80 h more before Friday "
            "18 Dec, due Friday 12:30."
        )

    def test_holidays_and_special_hours_are_named(self, start):
        start(at("2026-12-23 16:30", BERLIN))
        hours = calendar(
            BERLIN,
            holidays={date(2026, 12, 25): "Christmas Day", date(2026, 12, 26): "Boxing Day"},
            overrides={date(2026, 12, 24): ((9 * 3600, 12 * 3600),)},
        )
        # 26 December is a Saturday, on which this calendar is closed anyway.
        assert said(hours, 10) == (
            "10 business hours from Wednesday 23 Dec 2026 16:30 Europe/Berlin on calendar Support "
            "Berlin: 30 min on Wednesday, 3 h on Thursday, holiday on Friday 25 Dec (Christmas "
            "Day), special hours on Thursday 24 Dec, due Monday 15:30."
        )

    def test_another_year_is_named(self, start):
        start(at("2026-12-31 16:00", BERLIN))
        week = (*(((),) * 3), ((9 * 3600, 17 * 3600),), *(((),) * 3))
        assert said(calendar(BERLIN, week=week), 9).endswith("due Thursday 7 Jan 2027 17:00.")

    def test_pauses_are_named_with_their_length(self):
        facts = Life().opened().status(10, "pending").status(30, "open")
        assert said(None, 1.5, facts, pause_on=frozenset({"pending"})) == (
            "90 minutes around the clock from Monday 23 Nov 2026 09:00 UTC: paused for 20 min from "
            "Monday 09:10 (pending), due Monday 10:50."
        )

    def test_a_paused_clock_has_no_deadline(self):
        facts = Life().opened().status(10.5, "pending")
        assert said(None, 1, facts, pause_on=frozenset({"pending"})) == (
            "1 hour around the clock from Monday 23 Nov 2026 09:00 UTC: 10 min 30 s counted, "
            "paused since Monday 09:10:30 (pending), no deadline until the pause ends."
        )

    @pytest.mark.parametrize(
        ("facts", "ending"),
        [
            (Life().opened().agent(20), "due Monday 10:00, met Monday 09:20."),
            (Life().opened().agent(90), "due Monday 10:00, breached: answered late Monday 10:30."),
            (
                Life().opened().status(10, "resolved"),
                "cancelled: the conversation was resolved without the answer.",
            ),
        ],
    )
    def test_the_end_is_told(self, facts, ending):
        assert said(None, 1, facts).endswith(f": {ending}")

    def test_warnings_ahead_are_told(self, start):
        start(SUNDAY)
        warn_at = (Threshold("50%", percent=50), Threshold("PT1H", seconds_before=3600))
        assert said(calendar(BERLIN), 10, warn_at=warn_at).endswith(
            "due Tuesday 11:00, warning (50%) Monday 14:00, warning (PT1H) Tuesday 10:00."
        )

    def test_a_change_of_the_clocks_does_not_move_the_hours(self, start):
        start(at("2026-10-24 12:00", BERLIN))
        week = (((0, 86_400),),) * 7
        assert said(calendar(BERLIN, week=week), 48).endswith(
            "12 h on Saturday, 25 h on Sunday, due Monday 11:00."
        )

    def test_hours_of_an_earlier_target_are_admitted(self, start):
        start(SUNDAY)
        counted_by_another = clock(calendar(BERLIN), 10)
        other = NamedHours(calendar(BERLIN, week=(((0, 3600),),) * 7), "Another")
        assert "counted in part by the hours of an earlier target" in summarise(
            counted_by_another, other
        )

    def test_many_pauses_are_named_in_part_and_summed_up(self):
        sentence = said(None, 10, _often_paused(5), pause_on=PENDING)
        assert "paused for 1 min from Monday 09:05 (pending), 5 pauses of 5 min in all" in sentence

    def test_pauses_that_are_not_listed_are_summed_up(self):
        running = said(None, 10, _often_paused(240), pause_on=PENDING)
        assert "240 pauses of 4 h in all, due Monday 23:00" in running
        paused = said(None, 10, _often_paused(240).status(481, "pending"), pause_on=PENDING)
        assert "4 h 1 min counted, paused since Monday 17:01" in paused
        assert "many pauses, due Monday 10:59" in said(
            None, 1, _often_paused(240), pause_on=PENDING
        )

    def test_its_length_and_its_cost_are_bounded(self, start):
        start(SUNDAY)
        first = date(2026, 11, 30)
        named = "A very long name of a holiday, or of anything else, that somebody chose " * 5
        hours = calendar(
            BERLIN,
            holidays={first + timedelta(days=7 * n): named for n in range(400)},
            overrides={first + timedelta(days=7 * n + 1): ((0, 3600),) for n in range(400)},
        )
        facts = Life().opened()
        for n in range(400):
            facts.status(60 * (n + 20), "pending").status(60 * (n + 20) + 7, "open")
        warn_at = tuple(Threshold(f"{n}%", percent=n) for n in range(1, 99))
        running = clock(hours, 8_000, facts, pause_on=frozenset({"pending"}), warn_at=warn_at)
        counting = NamedHours(hours, named)
        began = time.process_time()
        for _ in range(10):
            sentence = summarise(running, counting)
        assert (time.process_time() - began) / 10 < 0.1
        assert len(sentence) <= MAX_LENGTH
        assert "pauses of" in sentence
        assert sentence.isprintable()


def test_a_time_without_a_name_does_not_repeat_itself(start):
    """The hour that a zone counts twice is told apart by the offset's name."""
    start(datetime.fromisoformat("2026-10-25T00:30:00+00:00"))
    week = (((0, 86_400),),) * 7
    assert said(calendar(BERLIN, week=week), 1).endswith("due Sunday 02:30 CET.")
