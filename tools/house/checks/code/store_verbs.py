"""A function that reads or writes the database begins with one of a few verbs."""

import ast
from collections.abc import Iterator

from tools.house.tree import Finding, Tree

VERBS = {
    "find": "returns what is there, or None, or only some of what was asked for",
    "get": "returns it, or raises NotFoundError",
    "lock": "finds, and locks the rows until the transaction ends",
    "list": "returns a page or all",
    "count": "returns how many",
    "claim": "takes rows that nobody else has taken",
    "insert": "writes new rows",
    "save": "writes rows that may be there",
    "mark": "changes one state of rows that are there",
    "delete": "removes rows",
}


def check(tree: Tree) -> Iterator[Finding]:
    for source in tree.sources("services/*/src/**/store/**/*.py"):
        for node in source.tree.body:
            if not isinstance(node, ast.AsyncFunctionDef) or node.name.startswith("_"):
                continue
            if node.name.partition("_")[0] not in VERBS:
                problem = f"begins with none of: {', '.join(VERBS)}"
                yield Finding(f"{source.path}::{node.name}", problem)
