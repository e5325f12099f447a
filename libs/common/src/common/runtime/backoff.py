"""How long to wait before another attempt, the longer the more have failed."""

import math
import random
from dataclasses import dataclass

_MOST_DOUBLINGS = 64
"""Far beyond every ceiling in use, and far below where a float overflows."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds that double with every failure, up to ``most_seconds``.

    ``jitter`` is the share of them that is random: 0 waits exactly as long, 1 anything up to it
    ("full jitter", AWS architecture blog, exponential backoff).
    """

    base_seconds: float
    most_seconds: float = math.inf
    jitter: float = 0.0

    @classmethod
    def constant(cls, seconds: float) -> "Backoff":
        """Return a wait of ``seconds`` after every failure."""
        return cls(seconds, most_seconds=seconds)

    def seconds(self, failures: int) -> float:
        """Return how long to wait after ``failures`` in a row."""
        ceiling = min(self.most_seconds, self.base_seconds * 2.0 ** min(failures, _MOST_DOUBLINGS))
        return ceiling * (1.0 - self.jitter * random.random())  # noqa: S311 - no secret
