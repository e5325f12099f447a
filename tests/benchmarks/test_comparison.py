"""Two commits are measured in turns, and compared by the tables that they print."""

import argparse
import shutil
import subprocess
from pathlib import Path

import pytest

from benchmarks.comparison.__main__ import measure_round, report
from benchmarks.comparison.checkouts import Checkout, checkout
from benchmarks.comparison.ratios import only_in_one, parse, ratios
from benchmarks.output import table
from benchmarks.output.table import Row
from benchmarks.workload.load import Latencies


def printed(*rows: Row) -> str:
    lines = [table.head(), *(table.line(row.cells()) for row in rows), "", "- a note | here"]
    return "\n".join(lines)


def context(per_second: float, cpu: float = 0.5) -> Row:
    return Row("context, 8 conn.", per_second, latencies=Latencies(1.0, 2.5, 30.0), ours_ms=cpu)


def test_the_printed_table_is_read():
    row = Row("breaches, 10,000 open", postgres_ms=40.0)
    assert parse("starting\n" + printed(context(1_234.0), row)) == {
        "context, 8 conn.": {
            "per s": 1234.0, "p50": 1.0, "p95": 2.5, "p99": 30.0, "our CPU": 0.5,
        },
        "breaches, 10,000 open": {"Postgres CPU": 40.0},
    }  # fmt: skip


def test_the_table_of_an_older_commit_is_read():
    older = (
        "| what   | per s   | limit per s (ratio) | p50 / p95 / p99 ms | our CPU ms "
        "| Postgres CPU ms (limit) | marks |\n|---|---|---|---|---|---|---|\n"
        "| context, 8 conn. | 1,711   | pgbench 3,932 (0.44), hello 14,535 (0.12) "
        "| 4.3 / 7.5 / 10.2      | 0.37       | 0.56 (0.48)  | met: ≥ 0.3 of pgbench |\n"
    )
    assert parse(older)["context, 8 conn."] == {
        "per s": 1711.0, "p50": 4.3, "p95": 7.5, "p99": 10.2, "our CPU": 0.37,
        "Postgres CPU": 0.56,
    }  # fmt: skip


def test_output_without_a_table_is_refused():
    with pytest.raises(ValueError, match="no table"):
        parse("it broke")


def test_a_ratio_is_the_median_with_its_spread():
    rounds = [
        (parse(printed(context(1_000.0))), parse(printed(context(speed))))
        for speed in (1_100.0, 900.0, 1_050.0)
    ]
    found = ratios(rounds)["context, 8 conn."]
    assert found["per s"].text() == "1.05 (0.90 to 1.10)"
    assert found["our CPU"].text() == "1.00 (1.00 to 1.00)"


@pytest.mark.parametrize(
    ("speeds", "clear"),
    [
        ((1.1, 1.2), True),
        ((0.8, 0.9), True),
        ((0.9, 1.1), False),
        ((1.0, 1.1), False),
        ((1.2,), False),
    ],
)
def test_a_difference_is_clear_when_every_round_agrees(speeds: tuple[float, ...], *, clear: bool):
    rounds = [
        (parse(printed(context(1_000.0))), parse(printed(context(1_000.0 * speed))))
        for speed in speeds
    ]
    assert ratios(rounds)["context, 8 conn."]["per s"].clear is clear


def test_a_row_that_one_commit_lacks_is_named_and_not_compared():
    rounds = [(parse(printed(context(1.0))), parse(printed(Row("new", 2.0), context(1.0))))]
    assert "new" not in ratios(rounds)
    assert only_in_one(rounds) == ["new"]
    assert report(rounds, base="main")[-1] == "Only one of the commits measures: new"


def test_the_commits_take_turns_in_going_first():
    order: list[str] = []

    class Recorded(Checkout):
        def run(self, *_: str) -> str:
            order.append(self.folder.name)
            return printed(context(1_000.0))

    base, this = (Recorded(Path(name), Path("python")) for name in ("base", "this"))
    options = argparse.Namespace(rounds=2, only=None, size="tiny")
    for n in range(2):
        measure_round(base, this, n, options)
    assert order == ["base", "this", "this", "base"]


def git(root: Path, *arguments: str) -> str:
    command = [shutil.which("git") or "git", "-C", str(root), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository whose package says which commit it is from."""
    root = tmp_path / "repository"
    package = root / "libs/common/src/common"
    package.mkdir(parents=True)
    git(root, "init", "-q")
    (root / "requirements").mkdir()
    for name in ("base", "embedded", "dev"):
        (root / f"requirements/{name}.txt").touch()
    (package / "__init__.py").touch()
    author = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    for version in ("old", "new"):
        (package / "which.py").write_text(f"print('{version}')")
        git(root, "add", "-A")
        git(root, *author, "commit", "-qm", version)
    return root


def test_a_checkout_runs_its_own_code_and_goes_away(repository: Path, tmp_path: Path):
    folder = tmp_path / "with blanks" / "base"
    folder.parent.mkdir()
    with checkout("HEAD^", folder, repository) as base:
        assert base.run("common.which").strip() == "old"
        assert (repository / "libs/common/src/common/which.py").read_text() == "print('new')"
        with pytest.raises(RuntimeError, match="No module named"):
            base.run("common.missing")
    assert not folder.exists()
    assert len(git(repository, "worktree", "list").splitlines()) == 1
