"""CPU time as a ratio, so that a budget means the same on a fast, a slow and a busy machine."""

import time
from collections.abc import Callable

_ROUNDS = 5


def cpu_units(work: Callable[[], object]) -> float:
    """Return the CPU time of ``work`` divided by that of a loop of 100,000 additions.

    Both are measured in this run, by turns; each counts with its fastest of five rounds.
    """
    times = [(_cpu_seconds(work), _cpu_seconds(_reference)) for _ in range(_ROUNDS)]
    return min(own for own, _ in times) / min(reference for _, reference in times)


def _cpu_seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def _reference() -> int:
    total = 0
    for number in range(100_000):
        total += number
    return total
