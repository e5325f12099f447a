"""A folder that is read at a glance: at most twelve Python files."""

from collections import Counter
from collections.abc import Iterator

from tools.house.tree import Finding, Tree

MOST = 12


def check(tree: Tree) -> Iterator[Finding]:
    files = Counter(source.path.rpartition("/")[0] for source in tree.production())
    for folder, number in sorted(files.items()):
        if number > MOST:
            problem = f"holds {number} files, more than {MOST}; give families folders of their own"
            yield Finding(folder, problem)
