"""Reads the tables that two commits print, and compares them row by row.

The printed table is what every commit has; its columns have the same names in all of them.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

Table = Mapping[str, Mapping[str, float]]
"""By row and figure."""
Round = tuple[Table, Table]
"""Base and new, measured one after the other."""
_COLUMNS = {
    "per s": ("per s",),
    "p50 / p95 / p99 ms": ("p50", "p95", "p99"),
    "our CPU ms": ("our CPU",),
    "Postgres CPU ms (limit)": ("Postgres CPU",),
}
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
_HEADER = "| what "


@dataclass(frozen=True)
class Ratio:
    """New divided by base, over all rounds."""

    middle: float
    least: float
    most: float
    rounds: int

    @property
    def clear(self) -> bool:
        """Whether several rounds all say the same: more, or less."""
        return self.rounds > 1 and (self.least > 1 or self.most < 1)

    def text(self) -> str:
        return f"{self.middle:.2f} ({self.least:.2f} to {self.most:.2f}){'*' if self.clear else ''}"


def parse(output: str) -> Table:
    """Return the figures in the table that ``python -m benchmarks`` prints.

    Raises:
        ValueError: There is no table.
    """
    lines = [line for line in output.splitlines() if line.startswith("|")]
    start = next((n for n, line in enumerate(lines) if line.startswith(_HEADER)), None)
    if start is None:
        raise ValueError(f"no table in {output[-500:]!r}")
    columns = _cells(lines[start])
    rows = [_cells(line) for line in lines[start + 2 :]]
    return {row[0]: _figures(dict(zip(columns, row, strict=True))) for row in rows}


def ratios(rounds: Sequence[Round]) -> dict[str, dict[str, Ratio]]:
    """Return the ratio of every figure, by row, that both commits measured in every round."""
    found: dict[str, dict[str, Ratio]] = {}
    for what, figures in rounds[0][1].items():
        for figure in figures:
            values = [_ratio(base, new, what, figure) for base, new in rounds]
            present = [value for value in values if value is not None]
            if len(present) == len(rounds):
                ratio = Ratio(median(present), min(present), max(present), len(rounds))
                found.setdefault(what, {})[figure] = ratio
    return found


def only_in_one(rounds: Sequence[Round]) -> list[str]:
    """Return the rows that only one of the commits measures."""
    base, new = rounds[0]
    return sorted(set(base) ^ set(new))


def _ratio(base: Table, new: Table, what: str, figure: str) -> float | None:
    before, after = base.get(what, {}).get(figure), new.get(what, {}).get(figure)
    return after / before if before and after is not None else None


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split(" | ")]


def _figures(row: Mapping[str, str]) -> dict[str, float]:
    return {
        name: float(number.replace(",", ""))
        for column, names in _COLUMNS.items()
        for name, number in zip(names, _NUMBER.findall(row.get(column, "")), strict=False)
    }
