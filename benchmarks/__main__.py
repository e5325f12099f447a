"""``python -m benchmarks``: measure, and print or save the table."""

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

from benchmarks.machine import limits
from benchmarks.measurements import (
    breaches,
    context,
    endless,
    idle,
    merges,
    resolve,
    rest_ingest,
    scale,
    stream_ingest,
    visibility,
)
from benchmarks.output import history, report, table
from benchmarks.output.marks import REFERENCE_PER_SECOND, SLOWEST
from benchmarks.output.table import Row
from benchmarks.site import Bench, running_bench
from benchmarks.workload.sizes import SIZES

Part = Callable[[Bench], Iterator[Row]]
PARTS: Mapping[str, Part] = {
    "context": context.measure,
    "rest_ingest": rest_ingest.measure,
    "stream_ingest": stream_ingest.measure,
    "resolve": resolve.measure,
    "scale": scale.measure,
    "merges": merges.measure,
    "visibility": visibility.measure,
    "breaches": breaches.measure,
    "endless": endless.measure,
    "idle": idle.measure,
}


def main(arguments: list[str]) -> None:
    options = _read(arguments)
    rows: list[Row] = []
    with running_bench(SIZES[options.size], is_sketch=options.sketch) as bench:
        _print(table.head())
        for name in options.only:
            speed = _speed(bench, name)
            for measured in PARTS[name](bench):
                row = replace(measured, speed=speed)
                rows.append(row)
                _print(table.line(row.cells()))
        finished = report.Report(rows, bench.notes, bench.plans.seen, options.size)
    _print(finished.footer())
    _compare_with_history(rows, options)
    if options.save:
        finished.save()


def _speed(bench: Bench, part: str) -> float:
    """Return how fast the machine is just before a part, against the one of the marks."""
    reached = limits.hello(bench, connections=1).per_second
    speed = reached / REFERENCE_PER_SECOND
    doubt = " Too slow to judge by: the machine is busy." if speed < SLOWEST else ""
    bench.notes.append(f"{part}: hello {reached:,.0f}/s, {speed:.2f} of the marks' machine.{doubt}")
    return speed


def _compare_with_history(rows: Sequence[Row], options: argparse.Namespace) -> None:
    """Print what changed since the last saved runs; save this one if that is wanted."""
    today = f"{date.today():%Y-%m-%d}"  # noqa: DTZ011 - a day of this machine
    run = history.run_of(rows, date=today, commit=history.current_commit(), size=options.size)
    _print("\n".join(["", *history.describe(run, history.read())]))
    if options.save:
        history.append(run)


def _read(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__)
    parser.add_argument("--only", type=_parts, default=list(PARTS), help="comma-separated parts")
    parser.add_argument("--size", choices=SIZES, default="small")
    parser.add_argument(
        "--sketch",
        action="store_true",
        help="use the embedded broker and forked processes, which start fast and say little",
    )
    parser.add_argument(
        "--save",
        action="store_true",
        help="rewrite docs/performance.md and results/plans.md, and add to results/history.jsonl",
    )
    return parser.parse_args(arguments)


def _parts(names: str) -> list[str]:
    chosen = names.split(",")
    if unknown := set(chosen) - set(PARTS):
        raise argparse.ArgumentTypeError(
            f"unknown part: {', '.join(sorted(unknown))}; available: {', '.join(PARTS)}"
        )
    return chosen


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
