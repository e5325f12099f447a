"""The figures of saved runs relative to *hello*, one line of JSON for each run.

Relative figures can be compared between machines, so that a loss is seen. ``rate`` is operations
for each *hello*; the others are the number of *hellos* that would fit into the time.
"""

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.output.marks import REFERENCE_PER_SECOND
from benchmarks.output.table import Row

ROOT = Path(__file__).parents[2]
HISTORY = ROOT / "benchmarks/results/history.jsonl"
LOSS = 1.10
"""A figure that is worse by this factor is called a loss."""
_DIGITS = 4

Figures = Mapping[str, float]


@dataclass(frozen=True)
class Run:
    """One saved run."""

    date: str
    commit: str
    """With ``+`` if files were changed since."""
    size: str
    rows: Mapping[str, Figures]


@dataclass(frozen=True)
class Difference:
    """A figure of a row against an earlier run's; ``gain`` above 1 is better."""

    what: str
    figure: str
    gain: float

    def text(self) -> str:
        lost = " LOSS" if self.gain < 1 / LOSS else ""
        return f"{self.figure} {(self.gain - 1) * 100:+.0f} %{lost}"


def figures_of(row: Row) -> Figures:
    """Return the figures of a row relative to *hello* on the same machine."""
    hello_ms = 1000 / (row.speed * REFERENCE_PER_SECOND)
    figures: dict[str, float] = {}
    if row.per_second is not None:
        figures["rate"] = row.per_second * hello_ms / 1000
    if row.latencies is not None:
        figures |= {"p50": row.latencies.p50 / hello_ms, "p99": row.latencies.p99 / hello_ms}
    if row.ours_ms is not None:
        figures["cpu"] = row.ours_ms / hello_ms
    return {name: float(f"{value:.{_DIGITS}g}") for name, value in figures.items()}


def run_of(rows: Sequence[Row], *, date: str, commit: str, size: str) -> Run:
    return Run(date, commit, size, {row.what: figures_of(row) for row in rows})


def differences(run: Run, earlier: Sequence[Run]) -> Iterator[tuple[Run, list[Difference]]]:
    """Yield, for the rows of a run, what changed against the newest run that has them too.

    Only runs of the same size are compared.
    """
    left = dict(run.rows)
    for past in reversed([past for past in earlier if past.size == run.size]):
        both = [what for what in left if what in past.rows]
        found = [
            Difference(what, name, gain(name, figure, past.rows[what][name]))
            for what in both
            for name, figure in left.pop(what).items()
            if figure and past.rows[what].get(name)
        ]
        if found:
            yield past, found


def gain(figure: str, now: float, before: float) -> float:
    """Return by which factor a figure is better; a rate is better when it is higher."""
    return now / before if figure == "rate" else before / now


def read(path: Path = HISTORY) -> list[Run]:
    """Return the saved runs, oldest first; none if there is no file."""
    lines = path.read_text().splitlines() if path.exists() else []
    return [Run(**json.loads(line)) for line in lines if line]


def append(run: Run, path: Path = HISTORY) -> None:
    with path.open("a") as file:
        file.write(json.dumps(asdict(run), ensure_ascii=False) + "\n")


def describe(run: Run, earlier: Sequence[Run]) -> list[str]:
    """Return what changed since the last saved runs, a line for each row."""
    lines = []
    for past, found in differences(run, earlier):
        lines.append(f"Since {past.commit} ({past.date}), relative to hello:")
        for what in dict.fromkeys(difference.what for difference in found):
            changes = [each.text() for each in found if each.what == what]
            lines.append(f"    {what}: {', '.join(changes)}")
    return lines


def current_commit(root: Path = ROOT) -> str:
    """Return the short id of the commit that runs, with ``+`` if files were changed since."""
    commit = _git(root, "rev-parse", "--short", "HEAD")
    if commit is None:
        return "unknown"
    return commit + ("+" if _git(root, "status", "--porcelain", "--untracked-files=no") else "")


def _git(root: Path, *arguments: str) -> str | None:
    command = ["git", "-C", str(root), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
