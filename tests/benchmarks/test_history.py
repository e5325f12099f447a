"""Saved runs are compared relative to the speed of the machine on which they ran."""

from pathlib import Path

import pytest

from benchmarks.output import history
from benchmarks.output.history import HISTORY, append, describe, differences, figures_of, run_of
from benchmarks.output.table import Row
from benchmarks.workload.load import Latencies


def a_row(*, faster: float = 1.0, speed: float = 1.0, what: str = "context") -> Row:
    """Return a row of a machine of ``speed``, on which the product is ``faster`` than it was."""
    both = faster * speed
    times = Latencies(2.0 / both, 3.0 / both, 4.0 / both)
    return Row(what, 800.0 * both, latencies=times, ours_ms=0.5 / both, speed=speed)


def a_run(*rows: Row, commit: str = "abc", size: str = "small") -> history.Run:
    return run_of(rows, date="2026-11-30", commit=commit, size=size)


def test_figures_are_relative_to_hello():
    # At the reference, a hello takes 1/8 ms.
    assert figures_of(a_row()) == {"rate": 0.1, "p50": 16.0, "p99": 32.0, "cpu": 4.0}
    assert figures_of(Row("nothing")) == {}


def test_the_same_product_has_the_same_figures_on_a_slower_machine():
    assert figures_of(a_row(speed=0.4)) == figures_of(a_row())


@pytest.mark.parametrize(("faster", "text"), [(0.5, "-50 % LOSS"), (0.95, "-5 %"), (2.0, "+100 %")])
def test_a_loss_is_seen_in_every_figure_wherever_it_was_measured(faster: float, text: str):
    now = a_run(a_row(faster=faster, speed=0.4))
    ((_, found),) = differences(now, [a_run(a_row())])
    assert [each.figure for each in found] == ["rate", "p50", "p99", "cpu"]
    assert {each.text().partition(" ")[2] for each in found} == {text}


def test_a_row_is_compared_with_the_newest_run_of_the_same_size_that_has_it():
    earlier = [
        a_run(a_row(what="resolve"), commit="old"),
        a_run(a_row(), a_row(what="resolve"), commit="older", size="full"),
        a_run(a_row(), commit="new"),
    ]
    now = a_run(a_row(), a_row(what="resolve"), a_row(what="never seen"))
    compared = {past.commit: found[0].what for past, found in
                differences(now, earlier)}  # fmt: skip
    assert compared == {"new": "context", "old": "resolve"}
    assert describe(now, earlier)[0] == "Since new (2026-11-30), relative to hello:"
    assert describe(now, []) == []


def test_runs_are_appended_and_read_again(tmp_path: Path):
    path = tmp_path / "history.jsonl"
    assert history.read(path) == []
    runs = [a_run(a_row(), commit="a"), a_run(a_row(faster=2.0), commit="b")]
    for run in runs:
        append(run, path)
    assert history.read(path) == runs


def test_the_committed_history_can_be_read():
    runs = history.read(HISTORY)
    assert runs
    assert all(figures.keys() <= {"rate", "p50", "p99", "cpu"}
               for run in runs for figures in run.rows.values())  # fmt: skip


def test_a_run_names_its_commit(tmp_path: Path):
    assert history.current_commit(tmp_path) == "unknown"
    assert len(history.current_commit().rstrip("+")) >= 7
