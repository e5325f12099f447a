"""Tags: the groups of operations, each with a sentence that says what it is about."""

from collections.abc import Iterable

_registered: dict[str, str] = {}


def tag(name: str, description: str) -> str:
    """Return ``name``, for a router's ``tags``, and describe it in the documents that use it."""
    _registered[name] = description
    return name


def described_tags(names: Iterable[str]) -> list[dict[str, str]]:
    """Return the tags as a document lists them. Raises KeyError for one without a description."""
    return [{"name": name, "description": _registered[name]} for name in sorted(set(names))]
