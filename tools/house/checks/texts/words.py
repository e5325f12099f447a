"""Documents and error texts hold none of the patterns of ``words.txt`` (see docs/style.md)."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tools.house.tree import Finding, Source, Tree

PATTERNS = Path(__file__).with_name("words.txt")
DOCUMENTS = ("*.md", "docs/**/*.md", "services/*/README.md", "libs/*/README.md", "contracts/*.md",
             "deploy/**/*.md")  # fmt: skip
QUOTING = frozenset({"docs/style.md", "docs/glossary.md", "CHANGELOG.md"})
"""What quotes the words that we do not use, or what was said before."""
_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)


def patterns() -> list[tuple[re.Pattern[str], str]]:
    """Return each pattern with what to write instead."""
    lines = PATTERNS.read_text().splitlines()
    pairs = [line.split("\t", 1) for line in lines if line and not line.startswith("#")]
    return [(re.compile(pattern, re.IGNORECASE), better) for pattern, better in pairs]


def check(tree: Tree) -> Iterator[Finding]:
    for place, text in [*_documents(tree), *_error_texts(tree)]:
        for pattern, better in patterns():
            for match in pattern.finditer(text):
                yield Finding(place, f'says "{match[0]}"; better: {better}')


def _documents(tree: Tree) -> Iterator[tuple[str, str]]:
    for path in sorted({path for pattern in DOCUMENTS for path in tree.root.glob(pattern)}):
        name = path.relative_to(tree.root).as_posix()
        if name not in QUOTING:
            yield name, _CODE.sub("", path.read_text())


def _error_texts(tree: Tree) -> Iterator[tuple[str, str]]:
    for source in tree.production():
        yield source.path, "\n".join(_raised(source))


def _raised(source: Source) -> Iterator[str]:
    """Yield the texts of what is raised."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Raise) and node.exc is not None:
            for part in ast.walk(node.exc):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    yield part.value
