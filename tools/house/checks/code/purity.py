"""The domain gets the time and new ids handed in: the same input always gives the same answer."""

import ast
from collections.abc import Iterator

from tools.house.tree import Finding, Source, Tree

MODULES = frozenset({"common.ids", "os", "random", "secrets", "time", "uuid_utils"})
NAMES = frozenset({"common.ids", "uuid.uuid1", "uuid.uuid4", "uuid.uuid7"})
CALLS = frozenset({"now", "today", "utcnow", "uuid1", "uuid4", "uuid7"})


def check(tree: Tree) -> Iterator[Finding]:
    for source in tree.sources("services/*/src/**/domain/**/*.py"):
        for what in {*_imported(source), *_called(source)}:
            yield Finding(source.path, f"uses {what}; the domain is pure, so hand the value in")


def _imported(source: Source) -> Iterator[str]:
    for module, name in source.imports():
        if module in MODULES or f"{module}.{name}" in NAMES:
            yield f"{module}.{name}".removesuffix(".")


def _called(source: Source) -> Iterator[str]:
    for node in ast.walk(source.tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in CALLS
            and ast.unparse(node.func.value).rpartition(".")[2] in {"date", "datetime", "uuid"}
        ):
            yield ast.unparse(node.func)
