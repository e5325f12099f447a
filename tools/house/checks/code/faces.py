"""A room is entered by its face: from outside, only names in its ``__all__`` are imported.

A room is a package that defines ``__all__``. Inside a room its modules import each other directly.
A service's own wiring and commands put rooms together, so they may reach into its parts.
"""

from collections.abc import Iterator

from tools.house.tree import Finding, Source, Tree

OPEN = frozenset({"common.web"})
"""Rooms whose inner rooms are entered directly, not only by the face of the whole."""
COMPOSERS = frozenset({"__main__", "commands", "wiring"})


def check(tree: Tree) -> Iterator[Finding]:
    for source in tree.production():
        for module, name in source.imports():
            room = _room_passed_by(tree, source.module, module, name)
            if room and not _composes(source, room):
                problem = f"imports {module}.{name}; {room} is entered by its face only"
                yield Finding(source.path, problem)


def _room_passed_by(tree: Tree, importer: str, module: str, name: str) -> str | None:
    """Return the room that this import enters otherwise than by a name in its face."""
    target = f"{module}.{name}" if f"{module}.{name}" in tree.modules else module
    parts = target.split(".")
    for length in range(1, len(parts) + 1):
        room = ".".join(parts[:length])
        face = _face(tree, room)
        if face is None or f"{importer}.".startswith(f"{room}."):
            continue
        if room == module and name:
            return None if name in face or _face(tree, target) is not None else room
        if room == target:
            return None
        if room not in OPEN or _face(tree, ".".join(parts[: length + 1])) is None:
            return room
    return None


def _face(tree: Tree, room: str) -> frozenset[str] | None:
    return tree.modules[room].face if room in tree.modules else None


def _composes(source: Source, room: str) -> bool:
    service, *inner = source.module.split(".")
    return inner[:1] != [] and inner[0] in COMPOSERS and room.startswith(f"{service}.")
