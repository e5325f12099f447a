"""Every requirement says why it is there, beside it: ``name  # reason``."""

from collections.abc import Iterator

from tools.house.tree import Finding, Tree


def check(tree: Tree) -> Iterator[Finding]:
    for path in sorted(tree.root.glob("requirements/*.in")):
        for line in path.read_text().splitlines():
            requirement, _, reason = line.partition("#")
            required = requirement.strip()
            if required and not required.startswith("-") and not reason.strip():
                name = path.relative_to(tree.root).as_posix()
                yield Finding(f"{name}::{required}", "has no reason; add one after #")
