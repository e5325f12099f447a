"""Only ``common.db`` ends a transaction; migrations end their own."""

import ast
from collections.abc import Iterator

from tools.house.tree import Finding, Tree

PLACES = (
    "libs/common/src/common/db/",
    "libs/common/src/common/migrations/",
    "libs/common/src/common/messaging/kafka/",  # commits offsets, for monitoring
)
ENDINGS = frozenset({"commit", "rollback"})


def check(tree: Tree) -> Iterator[Finding]:
    for source in tree.sources("libs/common/src/**/*.py", "services/*/src/**/*.py"):
        if source.path.startswith(PLACES):
            continue
        for node in ast.walk(source.tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in ENDINGS
            ):
                problem = f"calls {ast.unparse(node.func)}; only common.db ends transactions"
                yield Finding(source.path, problem)
