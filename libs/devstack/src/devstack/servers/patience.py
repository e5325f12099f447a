"""How long to wait on a machine that is busy: everything takes longer there, and nothing is wrong.

A wait for something that must come (a server that starts, a test's condition) is limited only so
that it ends if it never comes. ``patient`` stretches such a limit by how busy the machine is.
"""

import os
from pathlib import Path

_LOAD = Path("/proc/loadavg")
MOST = 20.0
"""A limit grows at most by this factor."""


def patient(seconds: float) -> float:
    """Return the limit for work that takes well below ``seconds`` on an idle machine."""
    return seconds * slowness()


def slowness() -> float:
    """Return how many times longer than alone work may take now; 1 unless more runs than cores.

    Twice the processes per core: a server and what waits for it often take turns.
    """
    waiting = max(os.getloadavg()[0], _runnable())
    return min(MOST, max(1.0, 2 * waiting / (os.cpu_count() or 1)))


def _runnable() -> float:
    """Return how many processes run or wait for a core at the moment."""
    try:
        return float(_LOAD.read_text().split()[3].partition("/")[0])
    except (OSError, ValueError, IndexError):
        return 0.0
