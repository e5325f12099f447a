"""``python -m benchmarks.comparison BASE``: measure another commit and this one in turns.

The order changes from round to round: a machine that warms up or slows down favours neither.
"""

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.comparison.checkouts import Checkout, checkout, this_checkout
from benchmarks.comparison.ratios import Ratio, Round, Table, only_in_one, parse, ratios
from benchmarks.workload.sizes import SIZES

_FIGURES = ("per s", "p50", "p95", "p99", "our CPU", "Postgres CPU")


def main(arguments: list[str]) -> None:
    options = _read(arguments)
    with (
        TemporaryDirectory(prefix="threadline-compare-") as scratch,
        checkout(options.base, Path(scratch, "base")) as base,
    ):
        rounds = [measure_round(base, this_checkout(), n, options) for n in range(options.rounds)]
    _print("\n".join(report(rounds, base=options.base)))


def measure_round(base: Checkout, this: Checkout, n: int, options: argparse.Namespace) -> Round:
    """Measure both commits, the base first in every other round."""
    order = [("base", base), ("this", this)]
    tables: dict[str, Table] = {}
    for name, commit in order if n % 2 == 0 else reversed(order):
        _print(f"Round {n + 1} of {options.rounds}: {name} …")
        only = ("--only", options.only) if options.only else ()
        tables[name] = parse(commit.run("benchmarks", "--size", options.size, *only))
    return tables["base"], tables["this"]


def report(rounds: list[Round], *, base: str) -> list[str]:
    """Return the ratio of every figure as a table of Markdown, with what it does not show."""
    title = f"This commit divided by {base}: median (least to most) of {len(rounds)} rounds;"
    lines = [
        f"{title} * marks what all of them agree on.",
        "",
        f"| what | {' | '.join(_FIGURES)} |",
        f"|---|{'---|' * len(_FIGURES)}",
    ]
    lines += [
        f"| {what} | {' | '.join(_cell(figures.get(name)) for name in _FIGURES)} |"
        for what, figures in ratios(rounds).items()
    ]
    return lines + [f"Only one of the commits measures: {what}" for what in only_in_one(rounds)]


def _cell(ratio: Ratio | None) -> str:
    return ratio.text() if ratio else ""


def _read(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks.comparison", description=__doc__)
    parser.add_argument("base", help="a commit, branch or tag")
    parser.add_argument("--only", help="comma-separated parts")
    parser.add_argument("--size", choices=SIZES, default="small")
    parser.add_argument("--rounds", type=_positive, default=3)
    return parser.parse_args(arguments)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("there must be at least one round")
    return number


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
