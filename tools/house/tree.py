"""What the checks look at: the files of the repository, parsed once."""

import ast
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("common", "devstack", "identifiers", "identity", "interactions", "sla")


@dataclass(frozen=True, order=True)
class Finding:
    """One break of a rule; ``place`` is a path, with what in it after ``::`` where there is some.

    A check may excuse a place by name, so places hold no line numbers.
    """

    place: str
    problem: str


@dataclass(frozen=True)
class Source:
    """One Python file."""

    path: str
    """Below the root, with slashes."""
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def module(self) -> str:
        """The name by which it is imported; empty outside the packages."""
        name = self.path.partition("/src/")[2].removesuffix(".py").removesuffix("/__init__")
        return name.replace("/", ".")

    def imports(self) -> Iterator[tuple[str, str]]:
        """Yield every import as module and name; the name of ``import a.b`` is empty."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield from ((node.module, alias.name) for alias in node.names)
            elif isinstance(node, ast.Import):
                yield from ((alias.name, "") for alias in node.names)

    @cached_property
    def face(self) -> frozenset[str] | None:
        """The names in ``__all__`` of a package; None without, and for other modules."""
        for node in self.tree.body if self.path.endswith("/__init__.py") else ():
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
                return frozenset(ast.literal_eval(node.value))
        return None


@dataclass(frozen=True)
class Tree:
    """A checkout."""

    root: Path
    _parsed: dict[str, Source] = field(default_factory=dict, compare=False)

    def sources(self, *patterns: str) -> Iterator[Source]:
        """Yield the Python files that match any of these."""
        found = {path for pattern in patterns for path in self.root.glob(pattern)}
        for path in sorted(found):
            name = path.relative_to(self.root).as_posix()
            if name not in self._parsed:
                self._parsed[name] = Source(name, path.read_text())
            yield self._parsed[name]

    def production(self) -> Iterator[Source]:
        """Yield the files of all packages."""
        return self.sources("libs/*/src/**/*.py", "services/*/src/**/*.py")

    @cached_property
    def files(self) -> list[str]:
        """All files below the root but hidden ones, by their paths."""
        found: list[str] = []
        for folder, names, files in os.walk(self.root):
            names[:] = [name for name in names if not name.startswith(".") or name == ".ci"]
            found += [Path(folder, file).relative_to(self.root).as_posix() for file in files]
        return found

    @cached_property
    def modules(self) -> dict[str, Source]:
        """All files of all packages, by the name by which they are imported."""
        return {source.module: source for source in self.production()}
