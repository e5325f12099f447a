"""The measurements as one table, for the terminal and for ``docs/performance.md``."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from typing_extensions import override

from benchmarks.machine.limits import Limit
from benchmarks.workload.load import Latencies, Sample

HEADER = ("what", "per s", "limit per s (ratio)", "p50 / p95 / p99 ms", "our CPU ms",
          "Postgres CPU ms (limit)", "marks")  # fmt: skip
_WIDTHS = (46, 7, 34, 21, 10, 23, 5)


@dataclass(frozen=True)
class Mark:
    """A target. A missed one is reported but fails nothing, because machines differ."""

    aim: str
    met: bool

    @override
    def __str__(self) -> str:
        return f"{'met' if self.met else 'MISSED'}: {self.aim}"


def at_least(aim: float, measured: float, of: str) -> Mark:
    return Mark(f"≥ {aim:,g} {of}", measured >= aim)


def at_most(aim: float, measured: float, of: str) -> Mark:
    return Mark(f"{of} ≤ {aim:,g}", measured <= aim)


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

    def cells(self) -> tuple[str, ...]:
        limits = (self._limit(name, limit) for name, limit in self.limits.items())
        return (
            self.what,
            "" if self.per_second is None else f"{self.per_second:,.0f}",
            ", ".join(limits),
            "" if self.latencies is None else _percentiles(self.latencies),
            _milliseconds(self.ours_ms),
            self._postgres(),
            "; ".join(str(mark) for mark in self.marks),
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
    return " / ".join(f"{value:,.1f}" for value in (latencies.p50, latencies.p95, latencies.p99))


def _milliseconds(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
