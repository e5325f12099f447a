"""The output of a run: notes, the plans of all statements, and ``docs/performance.md``."""

import os
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import psutil

from benchmarks.output import table
from benchmarks.output.table import Row

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "performance.md"
PLANS = ROOT / "benchmarks/results/plans.md"
_BETWEEN = re.compile(r"(<!-- bench: begin -->\n).*(<!-- bench: end -->)", re.DOTALL)
_PLANS_HEAD = """\
# Plans

How Postgres went about every statement of the last saved run of `make bench`, with the rows and
buffers of one execution. Written by `make bench SAVE=1`; how to read it is in
[performance.md](../../docs/performance.md).
"""


@dataclass(frozen=True)
class Report:
    rows: Sequence[Row]
    notes: Sequence[str]
    plans: Mapping[str, Mapping[str, str]]
    """By part and statement."""
    size: str

    def footer(self) -> str:
        """Return the lines below the table: the machine, the notes, how many marks were met."""
        marks = [(mark, row.speed) for row in self.rows for mark in row.marks]
        here = sum(mark.met_at(speed) for mark, speed in marks)
        plain = sum(mark.met for mark, _ in marks)
        met = f"Marks met: {here} of {len(marks)} scaled to this machine, {plain} as they stand."
        lines = [_machine(), *self.notes, f"{met} Size: {self.size}."]
        return "\n".join(["", *(f"- {line}" for line in lines)])

    def save(self, document: Path = DOCUMENT, plans: Path = PLANS) -> None:
        """Rewrite the table in the document, between its markers, and the file of plans."""
        lines = [table.head(), *(table.line(row.cells()) for row in self.rows), self.footer()]
        written = document.read_text()
        if not _BETWEEN.search(written):
            raise ValueError(
                f"{document.name} has no place for the table; add the markers"
                " <!-- bench: begin --> and <!-- bench: end -->"
            )
        body = "\n".join(lines)
        document.write_text(_BETWEEN.sub(lambda m: f"{m[1]}\n{body}\n\n{m[2]}", written))
        plans.write_text(self._plans())

    def _plans(self) -> str:
        pieces = [_PLANS_HEAD]
        for part, statements in self.plans.items():
            pieces.append(f"## {part}\n")
            for statement, plan in sorted(statements.items()):
                pieces.append(f"```sql\n{statement}\n```\n\n```text\n{plan}\n```\n")
        return "\n".join(pieces)


def _machine() -> str:
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{date.today():%d %B %Y}, {_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB,"  # noqa: DTZ011 - a day of this machine
        f" Linux {platform.release()}, Python {platform.python_version()}."
    )


def _processor() -> str:
    """Return the processor's name if the system reports it, else its architecture."""
    cpuinfo = Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*: (.*)", cpuinfo.read_text()) if cpuinfo.exists() else []
    return names[0] if names else platform.machine()
