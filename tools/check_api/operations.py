"""The operations of the document, which every generated client must have."""

import json
from collections.abc import Iterable
from pathlib import Path

from tools.check_api.programs import CheckError


def operations(document: Path) -> dict[str, str]:
    """Return the id of every operation, by method and path."""
    return {
        f"{method} {path}": operation["operationId"]
        for path, item in json.loads(document.read_text())["paths"].items()
        for method, operation in item.items()
        if isinstance(operation, dict)  # the other members of a path are lists and texts
    }


def compare_operations(described: Iterable[str], generated: Iterable[str]) -> str:
    """Return how many operations a client has. Raises ``CheckError`` if they are not all."""
    expected, found = sorted(described), sorted(generated)
    if missing := set(expected) - set(found):
        raise CheckError(f"the client lacks {', '.join(sorted(missing))}")
    if found != expected:
        raise CheckError(f"the client has {found}, but the document {expected}")
    return f"{len(found)} of {len(expected)} operations"
