"""What a run prints, and what it writes into the documents."""

from pathlib import Path

import pytest

from benchmarks.machine.limits import Limit, Script
from benchmarks.output.marks import at_least, within
from benchmarks.output.report import DOCUMENT, Report
from benchmarks.output.table import Row
from benchmarks.workload.load import Latencies

ROW = Row(
    "context, 8 conn.",
    1_200.0,
    {"pgbench": Limit(4_000.0, 0.25), "hello": Limit(6_000.0)},
    Latencies(1.0, 2.0, 3.5),
    ours_ms=0.8,
    postgres_ms=0.5,
    marks=[at_least(0.3, 0.3, "of pgbench"), within(3, 3.1, "p50 ms")],
)


def a_report(**plans: dict[str, str]) -> Report:
    return Report([ROW], ["breaches: on a broker."], plans, "tiny")


def test_a_row_shows_the_ratio_to_each_limit_and_which_marks_were_met():
    assert ROW.cells() == (
        "context, 8 conn.",
        "1,200",
        "pgbench 4,000 (0.30), hello 6,000 (0.20)",
        "1.00 / 2.00 / 3.50",
        "0.800",
        "0.500 (0.250)",
        "met: ≥ 0.3 of pgbench; MISSED here: p50 ms ≤ 3 (MISSED: p50 ms ≤ 3)",
    )


def test_what_was_not_measured_stays_empty():
    assert Row("nothing").cells() == ("nothing", "", "", "", "", "", "")


def test_saving_rewrites_what_stands_between_the_markers_and_nothing_else(tmp_path: Path):
    document, plans = tmp_path / "performance.md", tmp_path / "plans.md"
    document.write_text("before\n<!-- bench: begin -->\nold\n<!-- bench: end -->\nafter\n")
    for _ in range(2):
        a_report(context={"SELECT 1": "Result (cost=0)"}).save(document, plans)
    written = document.read_text()
    assert written.startswith("before\n")
    assert written.endswith("<!-- bench: end -->\nafter\n")
    assert written.count("context, 8 conn.") == 1
    assert "old" not in written
    assert "- Marks met: 1 of 2 scaled to this machine, 1 as they stand. Size: tiny." in written
    assert "SELECT 1" in plans.read_text()


def test_a_document_without_markers_is_left_alone(tmp_path: Path):
    document = tmp_path / "performance.md"
    document.write_text("nothing to see")
    with pytest.raises(ValueError, match="no place"):
        a_report().save(document, tmp_path / "plans.md")
    assert document.read_text() == "nothing to see"


def test_the_document_has_a_place_for_the_table(tmp_path: Path):
    copy = tmp_path / "performance.md"
    copy.write_text(DOCUMENT.read_text())
    a_report().save(copy, tmp_path / "plans.md")
    assert "context, 8 conn." in copy.read_text()


def test_percentiles_are_those_of_the_sorted_values():
    assert Latencies.of([float(n) for n in range(100, 0, -1)]) == Latencies(51.0, 96.0, 100.0)


def test_a_script_is_the_same_statement_with_its_parameters_replaced():
    script = Script(
        "SELECT :one, cast(:n AS int) -- said :one\n WHERE x::text = :other", {"one": "1"}, 5
    )
    assert script.text() == (
        "\\set n random(1, 5)\nSELECT 1, cast(:n AS int) WHERE x::text = :other;\n"
    )
