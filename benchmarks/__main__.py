"""``python -m benchmarks``: measure, and print or save the table."""

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping

from benchmarks.measurements import (
    breaches,
    context,
    resolve,
    rest_ingest,
    stream_ingest,
    visibility,
)
from benchmarks.output import report, table
from benchmarks.output.table import Row
from benchmarks.site import Bench, running_bench
from benchmarks.workload.sizes import SIZES

Part = Callable[[Bench], Iterator[Row]]
PARTS: Mapping[str, Part] = {
    "context": context.measure,
    "rest_ingest": rest_ingest.measure,
    "stream_ingest": stream_ingest.measure,
    "resolve": resolve.measure,
    "visibility": visibility.measure,
    "breaches": breaches.measure,
}


def main(arguments: list[str]) -> None:
    options = _read(arguments)
    rows: list[Row] = []
    with running_bench(SIZES[options.size], embedded_broker=options.embedded) as bench:
        _print(table.head())
        for name in options.only:
            for row in PARTS[name](bench):
                rows.append(row)
                _print(table.line(row.cells()))
        finished = report.Report(rows, bench.notes, bench.plans.seen, options.size)
    _print(finished.footer())
    if options.save:
        finished.save()


def _read(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__)
    parser.add_argument("--only", type=_parts, default=list(PARTS), help="comma-separated parts")
    parser.add_argument("--size", choices=SIZES, default="small")
    parser.add_argument("--embedded", action="store_true", help="use the embedded broker")
    parser.add_argument(
        "--save", action="store_true", help="rewrite docs/performance.md and results/plans.md"
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
