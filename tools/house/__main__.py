"""``python -m tools.house``: run every check of the house; fail when one finds something."""

import sys
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pkgutil import iter_modules

from tools.house.checks import code, texts
from tools.house.exceptions import LIST, listed, without
from tools.house.tree import ROOT, Finding, Tree

CHECKS: Mapping[str, Callable[[Tree], Iterator[Finding]]] = {
    module.name: import_module(f"{room.__name__}.{module.name}").check
    for room in (code, texts)
    for module in iter_modules(room.__path__)
}
"""Every check, by the name of its module."""


def findings(tree: Tree) -> list[tuple[str, Finding]]:
    """Return everything that the checks find, each with the name of its check."""
    return [
        (name, finding) for name, check in CHECKS.items() for finding in sorted(set(check(tree)))
    ]


def main() -> int:
    found = without(listed(LIST.read_text()), findings(Tree(ROOT)))
    for name, finding in found:
        print(f"{name}: {finding.place}: {finding.problem}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
