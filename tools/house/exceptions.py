"""Places that may break a rule for now; a line that excuses nothing fails, so the list shrinks."""

from collections.abc import Iterable
from pathlib import Path

from tools.house.tree import Finding

LIST = Path(__file__).with_name("exceptions.txt")


def listed(text: str) -> set[tuple[str, str]]:
    """Return the pairs of check and place."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {(check, place) for check, _, place in (line.partition(" ") for line in lines)}


def without(
    excused: set[tuple[str, str]], found: Iterable[tuple[str, Finding]]
) -> list[tuple[str, Finding]]:
    """Return what is found and not excused, and what is excused and not found."""
    found = list(found)
    places = {(check, finding.place) for check, finding in found}
    left = [pair for pair in found if (pair[0], pair[1].place) not in excused]
    idle = [
        ("exceptions", Finding(place, f"breaks no rule of {check}; remove its line"))
        for check, place in sorted(excused - places)
    ]
    return left + idle
