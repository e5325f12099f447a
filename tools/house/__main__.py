"""``python -m tools.house``: run every check of the house; fail when one finds something."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from tools.house import (
    business_words,
    citations,
    commits,
    event_fields,
    faces,
    folders,
    purity,
    reasons,
    sql,
    store_verbs,
    subjects,
    words,
)
from tools.house.exceptions import LIST, listed, without
from tools.house.tree import Finding, Tree

ROOT = Path(__file__).parents[2]
CHECKS: tuple[Callable[[Tree], Iterator[Finding]], ...] = tuple(
    module.check
    for module in (
        business_words,
        citations,
        commits,
        event_fields,
        faces,
        folders,
        purity,
        reasons,
        sql,
        store_verbs,
        subjects,
        words,
    )
)


def findings(tree: Tree) -> list[tuple[str, Finding]]:
    """Return everything that the checks find, each with the name of its check."""
    return [
        (check.__module__.rpartition(".")[2], finding)
        for check in CHECKS
        for finding in sorted(set(check(tree)))
    ]


def main() -> int:
    found = without(listed(LIST.read_text()), findings(Tree(ROOT)))
    for name, finding in found:
        print(f"{name}: {finding.place}: {finding.problem}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
