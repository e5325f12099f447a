"""Documents cite what exists: links, anchors, paths, modules, tests and make targets."""

import re
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import partial
from pathlib import Path

from tools.house.tree import PACKAGES, Finding, Tree

DOCUMENTS = ("*.md", "docs/**/*.md", "services/*/*.md", "libs/*/*.md", "contracts/*.md",
             "deploy/**/*.md", "examples/**/*.md", "benchmarks/*.md")  # fmt: skip
HISTORY = frozenset({"CHANGELOG.md"})
"""What may name things that are gone."""
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)
_PATH = re.compile(r"(?:(\w+): )?([\w.{},*-]+(?:/[\w.{},*-]+)*/?(?:\.\w+)?)((?:::\w+)*)(?:\[.*\])?")
_SUFFIXES = (".py", ".md", ".toml", ".txt", ".in", ".json", ".yml", ".yaml", ".mako", ".ini")
_FOLDERS = dict.fromkeys(("common", "devstack", "identifiers"), "libs")
"""Where an owner that stands before a path (`sla: unit/test_a.py`) lives, if no service."""


def check(tree: Tree) -> Iterator[Finding]:
    makefile = tree.root / "Makefile"
    commands = makefile.read_text() if makefile.exists() else ""
    targets = set(re.findall(r"^([a-z-]+):", commands, re.MULTILINE))
    for path in sorted({path for pattern in DOCUMENTS for path in tree.root.glob(pattern)}):
        name = path.relative_to(tree.root).as_posix()
        if name in HISTORY:
            continue
        text = _FENCE.sub("", path.read_text())
        finding = partial(Finding, name)
        yield from map(finding, _broken_links(path, text))
        for code in sorted(set(_CODE.findall(text))):
            if problem := _cited(tree, code, targets):
                yield finding(problem)


def anchors(document: str) -> set[str]:
    """Return the anchors of a document's headings, as renderers of Markdown make them."""
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
        for heading in _HEADING.findall(_FENCE.sub("", document))
    }


def _broken_links(path: Path, text: str) -> Iterator[str]:
    for link in _LINK.findall(text):
        file, _, anchor = link.partition("#")
        if "://" in file or file.startswith("mailto:"):
            continue
        target = (path.parent / file) if file else path
        if not target.exists():
            yield f"links to {link}, which does not exist"
        elif anchor and anchor not in anchors(target.read_text()):
            yield f"links to {link}, which has no such heading"


def _cited(tree: Tree, code: str, targets: set[str]) -> str | None:
    """Return what is wrong with a piece of `code`, if it names something of ours."""
    if made := re.fullmatch(r"make ([a-z-]+)(?: .*)?", code):
        return None if made[1] in targets else f"names `{code}`, which is no target"
    if re.fullmatch(rf"({'|'.join(PACKAGES)})(\.[A-Za-z_]\w*)+", code):
        return None if _has_name(tree, code) else f"names `{code}`, which does not exist"
    match = _PATH.fullmatch(code)
    if match is None or not _looks_like_a_path(match[2], match[3]):
        return None
    return _missing(tree, match[1], match[2], match[3].split("::")[1:])


def _looks_like_a_path(path: str, within: str) -> bool:
    if path.startswith(("http", ".venv", ".embedded")):
        return False
    return path.endswith(_SUFFIXES) and bool(within or "/" in path or path.endswith(".py"))


def _missing(tree: Tree, owner: str | None, path: str, within: list[str]) -> str | None:
    """Say what is missing of ``owner: path::name``; a path may leave out its first folders."""
    path = path.removeprefix("../")
    below = f"{_FOLDERS.get(owner, 'services')}/{owner}/" if owner else ""
    for option in _options(path):
        files = [
            file
            for file in tree.files
            if file.startswith(below) and fnmatch(f"/{file}", f"*/{option}")
        ]
        if not files:
            return f"names `{option}`, which does not exist"
        texts = [(tree.root / file).read_text() for file in files] if within else []
        for name in within:
            if not any(re.search(rf"\b(def|class) {name}\b", text) for text in texts):
                return f"names `{option}::{name}`, which does not exist"
    return None


def _options(path: str) -> list[str]:
    """Write out the braces of ``tests/{unit,postgres}/x.py``."""
    braces = re.search(r"\{([^{}]*)\}", path)
    if braces is None:
        return [path]
    return [
        option
        for choice in braces[1].split(",")
        for option in _options(path.replace(braces[0], choice, 1))
    ]


def _has_name(tree: Tree, name: str) -> bool:
    """Say whether a dotted name is a module or stands in one; topics and event types pass."""
    package, part, *_ = name.split(".")
    if package not in _FOLDERS and f"{package}.{part}" not in tree.modules:
        return True
    module, _, last = name.rpartition(".")
    inside = [text for known, text in tree.modules.items() if f"{known}.".startswith(f"{module}.")]
    return name in tree.modules or any(re.search(rf"\b{last}\b", each.text) for each in inside)
