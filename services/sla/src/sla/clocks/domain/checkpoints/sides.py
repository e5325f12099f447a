"""Whether a stretch of facts has one side only: the customer's, ours, or nobody's.

Where only one side writes for long, its messages soon change nothing any more. A side is the text
of what counts in a stretch: ``c`` for the customer, or the letters of those who answer, ``a`` for
agents, ``b`` for bots and ``n`` for notes; it is empty if nothing counts. A stretch with anything
else has none. A *run* is what has counted since the last stretch without a side, or from the other
one; it is None just after such a stretch.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import combinations

from sla.clocks.domain.checkpoints.digest import REPEATED, Read
from sla.clocks.domain.facts import FactKind

_CUSTOMER = "c"
_LETTERS = {
    FactKind.CUSTOMER_MESSAGE: _CUSTOMER,
    FactKind.AGENT_MESSAGE: "a",
    FactKind.BOT_MESSAGE: "b",
    FactKind.NOTE: "n",
}
_OURS = tuple("".join(kinds) for count in range(1, 4) for kinds in combinations("abn", count))
SIDES = ("", _CUSTOMER, *_OURS)


def side_of(reads: Sequence[Read]) -> str | None:
    """Return the side of a stretch that has this digest.

    A kind that counts several times must do so in full, so that the next one changes nothing.
    """
    counts = Counter(_LETTERS.get(read.fact.kind) for read in reads)
    is_complete = all(counts[_LETTERS[kind]] in {0, times} for kind, times in REPEATED.items())
    side = "".join(sorted(letter or "?" for letter in counts))
    if any(read.outlasts for read in reads) or not is_complete:
        return None
    return side if side in SIDES else None


def go_on(run: str | None, side: str | None) -> str | None:
    """Return the run after a stretch."""
    if side is None or begins_run(run, side):
        return side
    return "".join(sorted({*(run or ""), *side}))


def begins_run(run: str | None, side: str | None) -> bool:
    """Return whether a stretch does not go on with a run: it has no side, or the other one."""
    if side is None or run is None:
        return True
    return bool(run and side) and (run == _CUSTOMER) is not (side == _CUSTOMER)


def changes_nothing(run: str | None, side: str | None) -> bool:
    """Return whether a stretch leaves the state as it is, after a run."""
    return side is not None and {*side} <= {*(run or "")}


def same_side(side: str) -> Sequence[str]:
    """Return the sides of the stretches that can be in one run with a side that is not empty."""
    return ("", _CUSTOMER) if side == _CUSTOMER else ("", *_OURS)
