"""common is technical: no name in its code is a word of the business (docstrings may explain)."""

import ast
import re
from collections.abc import Iterator

from tools.house.tree import Finding, Source, Tree

WORDS = frozenset(
    {"breach", "breaches", "conversation", "conversations", "customer", "customers", "household"}
    | {"interaction", "interactions", "sla"}
)


def check(tree: Tree) -> Iterator[Finding]:
    for source in tree.sources("libs/common/src/**/*.py"):
        for name in sorted(set(_names(source))):
            for word in sorted(WORDS.intersection(_words(name))):
                yield Finding(f"{source.path}::{name}", f"{word} is a word of the business")


def _names(source: Source) -> Iterator[str]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
    yield source.module.rpartition(".")[2]


def _words(name: str) -> list[str]:
    return re.findall(r"[a-z]+", re.sub(r"([A-Z])", r"_\1", name).lower())
