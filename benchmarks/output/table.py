"""The measurements as one table, for the terminal and for ``docs/performance.md``."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.machine.limits import Limit
from benchmarks.output.marks import Mark, at_most
from benchmarks.workload.load import Latencies, Sample

HEADER = ("what", "per s", "limit per s (ratio)", "p50 / p95 / p99 ms", "our CPU ms",
          "Postgres CPU ms (limit)", "marks")  # fmt: skip
_WIDTHS = (46, 7, 34, 21, 10, 23, 5)


@dataclass(frozen=True)
class Row:
    """One measurement; ``limits`` are the machine's, measured in the same run."""

    what: str
    per_second: float | None = None
    limits: Mapping[str, Limit] = field(default_factory=dict)
    latencies: Latencies | None = None
    ours_ms: float | None = None
    """Processor time of the product's processes for each request or event."""
    postgres_ms: float | None = None
    marks: Sequence[Mark] = ()
    speed: float = 1.0
    """Of the machine, against the one that the marks are for."""

    def cells(self) -> tuple[str, ...]:
        limits = (self._limit(name, limit) for name, limit in self.limits.items())
        return (
            self.what,
            "" if self.per_second is None else f"{self.per_second:,.0f}",
            ", ".join(limits),
            "" if self.latencies is None else _percentiles(self.latencies),
            _milliseconds(self.ours_ms),
            self._postgres(),
            "; ".join(mark.text(self.speed) for mark in self.marks),
        )

    def _limit(self, name: str, limit: Limit) -> str:
        ratio = "" if self.per_second is None else f" ({self.per_second / limit.per_second:.2f})"
        return f"{name} {limit.per_second:,.0f}{ratio}"

    def _postgres(self) -> str:
        least = [limit.postgres_ms for limit in self.limits.values() if limit.postgres_ms]
        compared = f" ({_milliseconds(least[0])})" if least else ""
        return f"{_milliseconds(self.postgres_ms)}{compared}"


def row_of(
    what: str,
    sample: Sample,
    limits: Mapping[str, Limit],
    *,
    each: int = 1,
    marks: Sequence[Mark] = (),
) -> Row:
    """Return the row of a load; ``each`` is how many items one request carries."""
    return Row(
        what,
        sample.per_second * each,
        limits,
        sample.latencies,
        sample.cpu.server / sample.count / each * 1000,
        sample.cpu.postgres / sample.count / each * 1000,
        [*marks, *([at_most(0, sample.refused, "503s")] if sample.refused else [])],
    )


def line(cells: Iterable[str]) -> str:
    """Return a line of Markdown that also reads well on a terminal."""
    padded = (cell.ljust(width) for cell, width in zip(cells, _WIDTHS, strict=True))
    return f"| {' | '.join(padded)} |"


def head() -> str:
    return f"{line(HEADER)}\n|{'---|' * len(HEADER)}"


def _percentiles(latencies: Latencies) -> str:
    return " / ".join(_digits(value) for value in (latencies.p50, latencies.p95, latencies.p99))


def _milliseconds(value: float | None) -> str:
    return "" if value is None else _digits(value)


def _digits(value: float) -> str:
    """Return a number with three digits or more, so that a table can be compared with another."""
    places = 3 if value < 1 else 2 if value < 10 else 1  # noqa: PLR2004 - digits shown
    return f"{value:,.{places}f}"
