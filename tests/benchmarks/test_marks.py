"""Marks are for a reference machine; on another one they are scaled by its speed."""

import pytest

from benchmarks.machine.patience import Patience, StalledError
from benchmarks.output.marks import at_least, at_most, per_second, within
from benchmarks.output.report import Report
from benchmarks.output.table import Row


@pytest.mark.parametrize(
    ("mark", "speed", "met"),
    [
        (per_second(600, 600), 1.0, True),
        (per_second(600, 310), 0.5, True),
        (per_second(600, 290), 0.5, False),
        (per_second(600, 900), 2.0, False),
        (within(250, 250, "p99 ms"), 1.0, True),
        (within(250, 490, "p99 ms"), 0.5, True),
        (within(250, 510, "p99 ms"), 0.5, False),
        (within(250, 130, "p99 ms"), 2.0, False),
        (at_least(0.3, 0.29, "of pgbench"), 0.5, False),
        (at_most(0, 1, "rows written"), 0.5, False),
    ],
)
def test_a_rate_and_a_time_are_scaled_and_a_share_or_a_count_is_not(mark, speed, met):
    assert mark.met_at(speed) is met


def test_a_scaled_mark_is_shown_beside_the_plain_one():
    assert per_second(8_000, 5_000).text(0.5) == "met here: ≥ 4,000 per s (MISSED: ≥ 8,000 per s)"
    assert within(3, 2.5, "p50 ms").text(2.0) == "MISSED here: p50 ms ≤ 1.5 (met: p50 ms ≤ 3)"
    assert at_least(0.3, 0.4, "of pgbench").text(0.5) == "met: ≥ 0.3 of pgbench"


def test_a_report_counts_scaled_and_plain_marks():
    rows = [
        Row("fast", marks=[per_second(600, 400)], speed=0.5),
        Row("slow", marks=[per_second(600, 100), at_most(0, 0, "503s")], speed=0.5),
    ]
    footer = Report(rows, [], {}, "tiny").footer()
    assert "Marks met: 2 of 3 scaled to this machine, 1 as they stand. Size: tiny." in footer


def test_waiting_goes_on_as_long_as_there_is_progress():
    now = 0.0
    patience = Patience("records read", seconds=10, clock=lambda: now)
    for progress in range(100):
        patience.see(progress)
        now += 9.0
        patience.see(progress)
    now += 2.0
    with pytest.raises(StalledError, match=r"records read: no progress for 10 s, at 99"):
        patience.see(99)
