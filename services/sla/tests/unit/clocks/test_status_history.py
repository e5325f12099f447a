"""A clock counts along the history of its status without looking at old pauses again."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.sla.tests.calendars import CountedHours, calendar
from services.sla.tests.life import NINE, RESOLUTION, Life, after, policy, rules, target
from sla.clocks.domain.clocks import ClockState
from sla.clocks.domain.fold import Fold
from sla.clocks.domain.status_history import MAX_LISTED, StatusHistory, StatusSpan, Stopwatch
from sla.rules.domain.hours import AroundTheClock, Hours, Slice, deadline, elapsed
from sla.rules.domain.instants import SECOND, micros
from sla.rules.domain.policy import Threshold
from sla.rules.domain.windows import Window

HOUR = 3_600 * SECOND
START = micros(NINE)
STATUSES = ["open", "pending", "on_hold", "resolved"]
PAUSING = frozenset({"pending", "resolved"})
HOURS: list[Hours] = [AroundTheClock(), calendar(), calendar(at_close="next_open")]
PENDING = frozenset({"pending"})


def windows(spans: list[StatusSpan]) -> list[Window]:
    return [(span.start, span.end) for span in spans]


@given(
    began=st.integers(0, 5),
    changes=st.lists(st.tuples(st.integers(0, 9), st.sampled_from(STATUSES)), max_size=40),
    hours=st.sampled_from(HOURS),
    another=st.tuples(st.integers(0, 20), st.sampled_from(HOURS)),
    needs=st.lists(st.integers(1, 60), min_size=1, max_size=3),
    asked=st.sets(st.integers(0, 40)),
)
@example(  # a pause without length at the start
    began=0,
    changes=[(0, "open"), (0, "pending"), (0, "open")],
    hours=HOURS[0],
    another=(20, HOURS[0]),
    needs=[1],
    asked={0},
)
@settings(max_examples=400, deadline=None)
def test_it_counts_as_a_look_at_all_pauses_would(*, began, changes, hours, another, needs, asked):
    history = StatusHistory()
    start = START + began * HOUR
    slices = [Slice(start, hours)]
    stopwatch, at = None, START
    for number, (gap, status) in enumerate(changes):
        at += gap * HOUR
        if number == another[0]:
            slices.append(Slice(max(at, start), another[1]))
        if at >= start and number in asked:
            stopwatch = stopwatch or Stopwatch.started(start, history, PAUSING)
            for need in needs:
                pauses = windows(list(history.within(start, at, PAUSING)))
                expected = deadline(slices, need * HOUR, pauses)
                assert stopwatch.due(need * HOUR, slices, history, at) == expected
        history.move(status, at)
    end = at + HOUR
    stopwatch = stopwatch or Stopwatch.started(start, history, PAUSING)
    listed = stopwatch.pauses(slices, history, end)
    every = list(history.within(start, end, PAUSING))
    assert (listed.earlier, listed.spans) == (0, every)


@given(st.integers(0, 4 * MAX_LISTED), st.sampled_from(HOURS), st.booleans())
@settings(max_examples=100, deadline=None)
def test_it_lists_the_last_pauses_and_sums_up_those_before(count, hours, is_read_often):
    history = StatusHistory()
    slices = [Slice(START, hours)]
    stopwatch = Stopwatch.started(START, history, PAUSING)
    end = START
    for number in range(count):
        end = START + number * HOUR
        history.move(STATUSES[number % 2], end)
        if is_read_often:
            stopwatch.pauses(slices, history, end)
    every = list(history.within(START, end, PAUSING))
    listed = stopwatch.pauses(slices, history, end)
    assert len(listed.spans) <= MAX_LISTED
    assert len(listed.spans) >= min(len(every), MAX_LISTED // 2)
    earlier, shown = every[: listed.earlier], every[listed.earlier :]
    assert listed.spans == shown
    assert listed.length == sum(span.end - span.start for span in earlier)
    if earlier:
        assert listed.counted == elapsed(slices, shown[0].start, windows(earlier))


@pytest.mark.parametrize("pauses", [100, 2_000])
def test_a_change_of_status_costs_the_same_however_many_pauses_came_before(pauses):
    hours = CountedHours()
    promised = target(
        RESOLUTION,
        10 * pauses,
        calendar_id="counted",
        pause_on=PENDING,
        warn_at=(Threshold("1%", percent=1), Threshold("99%", percent=99)),
    )
    life = Life().opened()
    for number in range(pauses):
        life.status(2 * number + 1, "pending").status(2 * number + 2, "open")
    fold = Fold.begun(life.facts[0], rules(policy(promised), counted=hours))
    fold.extend(life.facts[1:])
    later = life.status(2 * pauses + 1, "pending").status(2 * pauses + 2, "open").facts[-2:]
    for fact in later:
        hours.asked = 0
        refolded = fold.extend([fact])
        assert refolded is not None
        [clock] = refolded.clocks
        assert hours.asked <= 10
        assert len(clock.pauses) <= MAX_LISTED
    assert clock.state is ClockState.RUNNING
    assert clock.due_at == after(10 * pauses + pauses + 1)
