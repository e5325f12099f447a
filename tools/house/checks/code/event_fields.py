"""Every published event is made somewhere, and every field of it is filled with something."""

import ast
from collections import defaultdict
from collections.abc import Iterator

from tools.house.tree import Finding, Source, Tree

COMING = {
    "IdentifierRemovedV1": "coming with identity",
    "CustomerMergedV1.external_refs": "coming with identity",
    "CustomerMergedV1.undo_of": "coming with identity",
}
"""Promised in contracts, published later."""
_EMPTY = ("None", "{}", "[]", "()", "''")


def check(tree: Tree) -> Iterator[Finding]:
    for service, sources in _by_service(tree).items():
        classes = {node.name: (source, node) for source in sources for node in _classes(source)}
        names, filled = _used(service, sources)
        filled |= _filled_by_name(sources, classes)
        for name, (source, node) in classes.items():
            if not _is_event(node):
                continue
            if name not in names and name not in COMING:
                yield Finding(f"{source.path}::{name}", "nothing publishes this event")
            for field in _fields(node, classes):
                if field not in filled and not {name, f"{name}.{field}"} & COMING.keys():
                    yield Finding(f"{source.path}::{name}.{field}", "nothing fills this field")


def _by_service(tree: Tree) -> dict[str, list[Source]]:
    found: dict[str, list[Source]] = defaultdict(list)
    for source in tree.sources("services/*/src/**/*.py"):
        found[source.module.split(".")[0]].append(source)
    return found


def _classes(source: Source) -> list[ast.ClassDef]:
    inside = "events" in source.module.split(".")
    return [node for node in source.tree.body if inside and isinstance(node, ast.ClassDef)]


def _is_event(node: ast.ClassDef) -> bool:
    return any(
        isinstance(item, ast.AnnAssign) and ast.unparse(item.target) == "event_type"
        for item in node.body
    )


def _fields(node: ast.ClassDef, classes: dict[str, tuple[Source, ast.ClassDef]]) -> Iterator[str]:
    for base in node.bases:
        if ast.unparse(base) in classes:
            yield from _fields(classes[ast.unparse(base)][1], classes)
    for item in node.body:
        if isinstance(item, ast.AnnAssign) and "ClassVar" not in ast.unparse(item.annotation):
            yield ast.unparse(item.target)


def _used(service: str, sources: list[Source]) -> tuple[set[str], set[str]]:
    """Return the names used, and the fields filled, by modules that import published events."""
    names: set[str] = set()
    filled: set[str] = set()
    for source in sources:
        imports = {f"{module}.{name}" for module, name in source.imports()}
        if not any(name.startswith(service) and ".events." in f"{name}." for name in imports):
            continue
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Name | ast.Attribute):
                names.add(ast.unparse(node).rpartition(".")[2])
            elif isinstance(node, ast.keyword) and node.arg:
                filled |= {node.arg} if ast.unparse(node.value) not in _EMPTY else set()
            elif isinstance(node, ast.Dict):
                filled |= {str(key.value) for key in node.keys if isinstance(key, ast.Constant)}
    return names, filled


def _filled_by_name(
    sources: list[Source], classes: dict[str, tuple[Source, ast.ClassDef]]
) -> set[str]:
    """Return the fields that are filled by name, from a class of the domain that has them too.

    A module does this when it reads ``model_fields`` of an event.
    """
    declared: set[str] = set()
    copied: set[str] = set()
    for source in sources:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.AnnAssign) and "domain" in source.module.split("."):
                declared.add(ast.unparse(node.target))
            elif isinstance(node, ast.Attribute) and node.attr == "model_fields":
                name = ast.unparse(node.value).rpartition(".")[2]
                copied |= set(_fields(classes[name][1], classes)) if name in classes else set()
    return copied & declared
