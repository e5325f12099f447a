"""Every metric is in the operator's table, in ``docs/operations.md``."""

import ast
from collections.abc import Iterator

from tools.house.tree import Finding, Source, Tree

TABLE = "docs/operations.md"
_KINDS = {"Counter", "Gauge", "Histogram", "Summary"}
_PREFIX = "threadline_"


def check(tree: Tree) -> Iterator[Finding]:
    table = tree.root / TABLE
    documented = table.read_text() if table.exists() else ""
    for source in tree.production():
        for name in _metrics(source):
            if f"`{name}`" not in documented and f"`{name}{{" not in documented:
                yield Finding(f"{source.path}::{name}", f"is not in {TABLE}")


def _metrics(source: Source) -> Iterator[str]:
    """Yield the names of the metrics that a module defines."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in _KINDS:
            name = node.args[0] if node.args else None
            if isinstance(name, ast.Constant) and str(name.value).startswith(_PREFIX):
                yield str(name.value)
