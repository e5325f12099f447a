"""JSON pointers (RFC 6901)."""

from collections.abc import Sequence

MAX_POINTER = 256


def pointer_to(path: Sequence[str | int]) -> str:
    """Return the pointer for a path; names are escaped, control characters replaced, length cut."""
    text = "".join(f"/{_escaped(step)}" for step in path)[:MAX_POINTER]
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


def _escaped(step: str | int) -> str:
    return str(step)[:MAX_POINTER].replace("~", "~0").replace("/", "~1")
